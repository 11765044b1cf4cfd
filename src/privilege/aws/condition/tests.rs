//! Every operator, on values that are there, absent or unknown.

use super::*;

fn judge(json: &str, context: Context<'_>) -> Verdict {
    Condition::new(json).judge(context)
}

#[test]
fn only_what_is_known_decides() {
    let context: Context<'_> = &[("iam:passedtoservice", "lambda.amazonaws.com")];
    let passed = |op: &str, v: &str| format!(r#"{{"{op}":{{"iam:PassedToService":"{v}"}}}}"#);
    for (operator, value, expected) in [
        ("StringEquals", "lambda.amazonaws.com", Verdict::Holds),
        ("StringLikeIfExists", "ec2.*", Verdict::Fails),
        ("StringNotEquals", "lambda.amazonaws.com", Verdict::Fails),
    ] {
        assert_eq!(judge(&passed(operator, value), context), expected);
    }
    assert!(matches!(
        judge(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, context),
        Verdict::Depends(keys) if keys.contains("aws:multifactorauthpresent")
    ));
    assert!(matches!(judge("7", context), Verdict::Depends(_)));
    // An operator that there is not decides nothing.
    assert!(matches!(
        judge(&passed("StringIs", "x"), context),
        Verdict::Depends(_)
    ));
}

#[test]
fn absent_keys() {
    let absent = |op: &str| {
        let json = format!(r#"{{"{op}":{{"aws:username":"1"}}}}"#);
        judge(&json, &[("aws:username", "")])
    };
    for holds in [
        "StringEqualsIfExists",
        "StringNotEquals",
        "StringNotLike",
        "StringNotEqualsIgnoreCase",
        "NumericNotEquals",
        "DateNotEquals",
        "NotIpAddress",
        "ArnNotLike",
        "ArnNotEquals",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEqualsIfExists",
        "BoolIfExists",
        "NumericLessThanIfExists",
    ] {
        assert_eq!(absent(holds), Verdict::Holds, "{holds}");
    }
    for fails in [
        "StringEquals",
        "StringLike",
        "NumericLessThan",
        "DateGreaterThan",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "ArnLike",
        "ForAnyValue:StringEquals",
        "ForAnyValue:StringNotEquals",
    ] {
        assert_eq!(absent(fails), Verdict::Fails, "{fails}");
    }
}

#[test]
fn dates_that_are_over() {
    let decide = |json: &str| {
        let mut condition = Condition::new(json);
        condition.at(Timestamp::parse("2026-01-01").unwrap());
        condition.judge(&[])
    };
    let date = |op: &str, key: &str, date: &str| format!(r#"{{"{op}":{{"{key}":"{date}"}}}}"#);
    let now = "aws:CurrentTime";
    assert_eq!(
        decide(&date("DateLessThan", now, "2020-01-01")),
        Verdict::Fails
    );
    assert_eq!(
        decide(&date("DateGreaterThan", now, "2020-01-01")),
        Verdict::Holds
    );
    for open in [
        date("DateLessThan", now, "2030-01-01"),
        date("DateGreaterThan", now, "2030-01-01"),
        date("DateEquals", now, "2020-01-01"),
    ] {
        assert!(matches!(decide(&open), Verdict::Depends(_)), "{open}");
    }
    let revoked = date("DateLessThan", "aws:TokenIssueTime", "2024-01-01T00:00:00Z");
    assert_eq!(decide(&revoked), Verdict::Fails);
    assert_eq!(judge(&revoked, &[]), Verdict::Fails);
}

#[test]
fn values_are_compared_by_what_they_are() {
    let one = |op: &str, wanted: &str, given: &str| {
        let json = format!(r#"{{"{op}":{{"k":{wanted}}}}}"#);
        judge(&json, &[("k", given)]) == Verdict::Holds
    };
    for (op, wanted, given, expected) in [
        ("Bool", "true", "TRUE", true),
        ("Bool", "\"false\"", "true", false),
        ("NumericEquals", "10", "10.0", true),
        ("NumericLessThanEquals", "\"3600\"", "3600", true),
        ("NumericLessThan", "9", "10", false),
        ("NumericLessThan", "\"x\"", "10", false),
        (
            "DateGreaterThan",
            "\"2020-01-01T00:00:00+02:00\"",
            "2019-12-31T22:30:00Z",
            true,
        ),
        ("DateEquals", "1577836800", "2020-01-01T00:00:00Z", true),
        ("DateLessThan", "\"2020\"", "2019-12-31", true),
        (
            "DateLessThan",
            "\"2020-01-01T00:00Z\"",
            "2019-12-31T23:59:59.999Z",
            true,
        ),
        ("IpAddress", "\"203.0.113.0/24\"", "203.0.113.9", true),
        ("IpAddress", "\"203.0.113.7/24\"", "203.0.113.9", true),
        ("IpAddress", "\"0.0.0.0/0\"", "8.8.8.8", true),
        ("IpAddress", "\"203.0.113.0/33\"", "203.0.113.0", false),
        ("IpAddress", "\"203.0.113.8\"", "203.0.113.9", false),
        (
            "IpAddress",
            "\"2001:DB8:1234:5678::/64\"",
            "2001:db8:1234:5678::1",
            true,
        ),
        ("IpAddress", "\"::/0\"", "203.0.113.9", false),
        (
            "NotIpAddress",
            "[\"10.0.0.0/8\",\"192.0.2.0/24\"]",
            "192.0.2.1",
            false,
        ),
        (
            "ArnLike",
            "\"arn:aws:sns:*:111122223333:top*\"",
            "arn:aws:sns:eu-west-1:111122223333:topic:a",
            true,
        ),
        (
            "ArnLike",
            "\"arn:aws:*:topic\"",
            "arn:aws:sns:eu-west-1:111122223333:topic",
            false,
        ),
        (
            "ArnEquals",
            "\"arn:aws:iam::*:role/a*\"",
            "arn:aws:iam::111122223333:role/ab",
            true,
        ),
        ("StringEquals", "\"a*\"", "ab", false),
        ("StringLike", "\"a?\"", "ab", true),
        ("StringLike", "\"A?\"", "ab", false),
        ("StringEqualsIgnoreCase", "\"ÄB\"", "äb", true),
        ("BinaryEquals", "\"QmluYXJ5\"", "QmluYXJ5", true),
        ("Null", "true", "x", false),
        ("Null", "\"false\"", "x", true),
    ] {
        assert_eq!(one(op, wanted, given), expected, "{op} {wanted} on {given}");
    }
}

#[test]
fn variables_are_filled_in() {
    let context: Context<'_> = &[
        ("aws:username", "ann*"),
        ("aws:principaltag/team", ""),
        ("k", "ann*"),
        ("l", "annx"),
    ];
    let like =
        |op: &str, key: &str, v: &str| judge(&format!(r#"{{"{op}":{{"{key}":"{v}"}}}}"#), context);
    assert_eq!(like("StringEquals", "k", "${aws:UserName}"), Verdict::Holds);
    // What was filled in is no wildcard.
    assert_eq!(like("StringLike", "l", "${aws:username}"), Verdict::Fails);
    assert_eq!(
        like("StringLike", "l", "${aws:PrincipalTag/team, 'ann'}*"),
        Verdict::Holds
    );
    assert_eq!(like("StringLike", "k", "ann${*}"), Verdict::Holds);
    assert_eq!(like("StringLike", "l", "ann${*}"), Verdict::Fails);
    // A variable without a value matches nothing, and so does not stand in the way of a negated operator.
    assert_eq!(
        like("StringEquals", "k", "${aws:PrincipalTag/team}"),
        Verdict::Fails
    );
    assert_eq!(
        like("StringNotEquals", "k", "${aws:PrincipalTag/team}"),
        Verdict::Holds
    );
    assert!(matches!(
        like("StringEquals", "k", "${aws:userid}"),
        Verdict::Depends(_)
    ));
    let old = Condition::versioned(r#"{"StringEquals":{"k":"${aws:username}"}}"#, false);
    assert_eq!(old.judge(context), Verdict::Fails);
}

#[test]
fn keys_of_several_values() {
    struct Several(Vec<String>);
    impl Asked for Several {
        fn key(&self, _: &str) -> Known<'_> {
            Known::Many(&self.0)
        }
    }
    let ask = |op: &str, wanted: &str, given: &[&str]| {
        let json = format!(r#"{{"{op}":{{"aws:TagKeys":{wanted}}}}}"#);
        let given = given.iter().map(|v| (*v).to_owned()).collect();
        Condition::new(&json).ask(&Several(given)) == Verdict::Holds
    };
    let list = r#"["a","b"]"#;
    for (op, given, expected) in [
        ("ForAllValues:StringEquals", &["a", "b"][..], true),
        ("ForAllValues:StringEquals", &["a", "c"], false),
        ("ForAllValues:StringEquals", &[], true),
        ("ForAllValues:StringEquals", &[""], true),
        ("ForAnyValue:StringEquals", &["c", "a"], true),
        ("ForAnyValue:StringEquals", &["c"], false),
        ("ForAnyValue:StringEquals", &[], false),
        ("ForAllValues:StringNotEquals", &["c", "d"], true),
        ("ForAllValues:StringNotEquals", &["c", "a"], false),
        ("ForAnyValue:StringNotEquals", &["c", "a"], true),
        ("StringEquals", &["c", "a"], true),
        ("StringNotEquals", &["c", "a"], false),
        ("Null", &[], false),
    ] {
        assert_eq!(ask(op, list, given), expected, "{op} on {given:?}");
    }
    assert!(ask("Null", "true", &[]));
}
