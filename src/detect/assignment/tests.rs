//! The ways to write an assignment, and what only looks like one.

use super::{name, read};
use crate::detect::place::Place;

fn value(path: &str, text: &str) -> Option<String> {
    let at = text.to_ascii_lowercase().find("password")?;
    let name = name(text.as_bytes(), at..at + 8);
    let found = read(text.as_bytes(), name, &Place::of(path))?;
    text.get(found.value).map(str::to_owned)
}

#[test]
fn ways_to_write_an_assignment() {
    for (path, text) in [
        ("a.env", "DB_PASSWORD=VALUE\n"),
        ("a.env", "export DB_PASSWORD='VALUE'"),
        ("a.yaml", "password: VALUE # rotate\n"),
        ("a.yaml", "password: \"VALUE\""),
        ("a.json", "{\"password\": \"VALUE\"}"),
        ("a.json", "{\\\"password\\\": \\\"VALUE\\\"}"),
        ("a.py", "config['password'] = 'VALUE'"),
        ("a.py", "password: str = \"VALUE\""),
        ("a.rs", "let password: &str = \"VALUE\";"),
        ("a.go", "password := \"VALUE\""),
        ("a.c", "char password[] = \"VALUE\";"),
        ("a.c", "static char password[32] = \"VALUE\";"),
        ("a.rb", ":password => 'VALUE'"),
        ("a.js", "set(\"password\", \"VALUE\")"),
        ("a.xml", "<password>VALUE</password>"),
        ("a.xml", "<add key=\"Password\" value=\"VALUE\"/>"),
        ("a.yaml", "- name: DB_PASSWORD\n  value: VALUE\n"),
        (
            "a.json",
            "{\"name\": \"DB_PASSWORD\", \"value\": \"VALUE\"}",
        ),
        ("a.tf", "name  = \"DB_PASSWORD\"\n value = \"VALUE\""),
        ("a.sh", "run --password VALUE --x"),
        ("a.sh", "run --password=VALUE --x"),
        ("Dockerfile", "FROM x\nENV DB_PASSWORD VALUE\n"),
        (".netrc", "machine h login u password VALUE"),
        ("a.md", "https://host/?password=VALUE&b=c"),
        ("Makefile", "PASSWORD ?= VALUE\n"),
        ("a.sh", "curl -H 'X-Password: VALUE' https://x"),
        ("a.sh", "curl -H \"X-Password: VALUE\" https://x"),
        ("a.sh", ": \"${DB_PASSWORD:=VALUE}\""),
        ("a.java", "@Value(\"${db.password:VALUE}\")"),
        ("a.java", "conn.setPassword(\"VALUE\");"),
        ("a.java", "builder.withPassword(\"VALUE\")"),
        ("a.rs", "    .password(\"VALUE\")"),
        ("a.cpp", "std::string password(\"VALUE\");"),
        ("a.go", "var password = []byte(\"VALUE\")"),
        ("a.rs", "let password = String::from(\"VALUE\");"),
        ("a.js", "const password = process.env.PASS || 'VALUE';"),
        ("a.ts", "const password = process.env.PASS ?? \"VALUE\";"),
        ("a.py", "password = os.environ.get('P') or 'VALUE'"),
        ("a.ts", "process.env.PASSWORD ??= \"VALUE\";"),
        ("a.rb", "ENV['PASSWORD'] ||= 'VALUE'"),
        ("a.cs", "string Password { get; set; } = \"VALUE\";"),
        (
            "a.cs",
            "\"Server=db;User Id=sa;Password=VALUE;Encrypt=true\"",
        ),
        ("a.h", "#define DB_PASSWORD \"VALUE\""),
        ("a.xml", "<string name=\"password\">VALUE</string>"),
        ("a.plist", "<key>Password</key>\n<string>VALUE</string>"),
        ("a.tf", "variable \"password\" {\n  default = \"VALUE\"\n}"),
    ] {
        assert_eq!(value(path, text).as_deref(), Some("VALUE"), "{text}");
    }
}

#[test]
fn what_is_not_an_assignment_of_a_literal() {
    for (path, text) in [
        ("a.c", "password = get_it();"),
        ("a.c", "if (password == \"VALUE\")"),
        ("a.cc", "password::hash"),
        ("a.py", "password(\"VALUE\")"),
        ("a.py", "password = f\"{x}\""),
        ("a.md", "the password: it is a long story"),
        ("a.md", "the password is"),
        ("a.js", "[\"x\", \"password\", \"VALUE\", \"y\"]"),
        ("a.js", "[\"password\", \"VALUE\", \"y\"]"),
        ("a.js", "read(password(\"VALUE\"))"),
        ("a.js", "new x.PathPassword(\"VALUE\")"),
        ("a.md", "the Password (\"VALUE\")"),
        ("a.h", "#define ACK_PASSWORD VALUE\n"),
        ("a.js", "x;password=VALUE;y"),
        ("a.tf", "output \"password\" {\n  default = \"VALUE\"\n}"),
        ("a.txt", "password"),
        ("a.txt", "password="),
    ] {
        assert_eq!(value(path, text), None, "{text}");
    }
}
