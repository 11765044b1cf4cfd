//! The parser on files that are right, and on those that are not: what is damaged, and what around it is kept.

use super::body;
use std::collections::BTreeSet;

/// Blocks of different shapes, each with a name in it.
fn blocks() -> Vec<String> {
    [
        "resource \"a\" \"b0\" {\n  name = \"x\"\n}\n",
        "resource \"a\" \"b1\" {\n  list = [1, \"two\", { three = 3 }]\n  tags = {\n    A = \"b\" # comment\n  }\n}\n",
        "resource \"a\" \"b2\" {\n  text = <<EOT\n  some ${var.x} text {\n  resource \"not\" \"one\" {\nEOT\n  after = 1\n}\n",
        "resource \"a\" \"b3\" {\n  nested {\n    deeper {\n      value = f(1, \"}\", [for x in y : x])\n    }\n  }\n}\n",
        "resource \"a\" \"b4\" {\n  path = \"arn:aws:logs:*:*:/aws/*\"\n  more = a ? b : \"c ${d[\"e\"]} f\"\n}\n",
        "/* a comment\n{ \" */\nresource \"a\" \"b5\" {\n}\n",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn names(text: &str) -> BTreeSet<String> {
    let (body, _) = body(text);
    let resources = body.blocks("resource");
    resources.map(|block| block.label(1).to_owned()).collect()
}

#[test]
fn whatever_is_inserted_loses_at_most_its_block() {
    let blocks = blocks();
    let junk = [
        "{", "}", "[", "]", "(", ")", "\"", "<<E\n", "/*", "*/", "${", "%{", "\\", "#", "=", "\n",
        "\0", "é", ",", "...",
    ];
    for (at, block) in blocks.iter().enumerate() {
        for place in (0..block.len()).filter(|place| block.is_char_boundary(*place)) {
            // A comment that is opened is closed by the next one's end; that is what was written.
            for junk in junk.into_iter().filter(|junk| *junk != "/*" || at == 5) {
                let mut all = blocks.clone();
                all[at].insert_str(place, junk);
                let text = all.concat();
                let found = names(&text);
                for other in (0..blocks.len()).filter(|other| *other != at) {
                    assert!(
                        found.contains(&format!("b{other}")),
                        "block {other} lost to {junk:?} at {place} of block {at}:\n{text}"
                    );
                }
            }
        }
    }
}

#[test]
fn whatever_is_cut_off_leaves_what_stands_before() {
    let blocks = blocks();
    let text = blocks.concat();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let start = text.get(..end).unwrap();
        let (_, trouble) = body(start);
        let found = names(start);
        let mut before = 0;
        for (at, block) in blocks.iter().enumerate() {
            before += block.len();
            if before <= end {
                assert!(found.contains(&format!("b{at}")), "{at} at {end}");
            } else if end > before - block.len() + 30 && end < before - 2 {
                assert!(!trouble.is_empty(), "nothing said at {end}");
            }
        }
    }
}

#[test]
fn lines_are_told() {
    let (body, trouble) = body("a = 1\n\nb \"c\" {\n  d = [\n    1,\n  ]\n  e = )\n}\n");
    assert_eq!(body.attributes[0].line, 1);
    let block = &body.blocks[0];
    assert_eq!((block.line, block.body.attributes[0].line), (3, 4));
    assert_eq!(trouble.len(), 1);
    assert_eq!(trouble[0].line, 7);
}
