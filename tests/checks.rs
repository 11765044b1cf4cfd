use tenure::check::CheckSet;
#[test]
fn builtin() {
    let set = CheckSet::builtin().unwrap_or_else(|e| panic!("{}", e.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n")));
    let f = set.run_cases();
    assert!(f.is_empty(), "{}", f.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n"));
}
