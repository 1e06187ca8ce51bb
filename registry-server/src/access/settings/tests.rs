//! What a person may write, and what not.

use super::*;

fn check(text: &str) -> Result<AccessSettings, String> {
    let settings: AccessSettings = toml::from_str(text).map_err(|error| error.to_string())?;
    settings.check().map_err(|error| error.to_string())?;
    Ok(settings)
}

#[test]
fn a_section_is_configured_and_none_is_not() {
    assert!(check("").unwrap().is_configured());
    assert!(!AccessSettings::default().is_configured());
    assert!(check("").unwrap().allows_nothing() && !AccessSettings::default().allows_nothing());
    let rule = "[[rule]]\nrepositories = [\"**\"]\nallow = [\"pull\"]\nwho = ";
    assert!(!check(&format!("{rule}[\"anonymous\"]")).unwrap().allows_nothing());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let rule = |repositories: &str, who: &str, allow: &str| {
        format!("[[rule]]\nrepositories = [{repositories}]\nwho = [{who}]\nallow = [{allow}]\n")
    };
    for (text, place, said) in [
        (rule("\"Demo\"", "\"a\"", "\"pull\""), "access.rule[1].repositories[1]", "found `D`"),
        (rule("\"a\", \"b**\"", "\"a\"", "\"pull\""), "access.rule[1].repositories[2]", "stand alone"),
        (rule("\"**\"", "\"group:x\"", "\"pull\""), "access.rule[1].who[1]", "expected a group"),
        (rule("\"**\"", "\"a\", \"workload:x\"", "\"pull\""), "access.rule[1].who[2]", "expected a workload"),
        (rule("\"**\"", "\"robot:x\"", "\"pull\""), "access.rule[1].who[1]", "`robot:x`"),
        (rule("\"**\"", "\"\"", "\"pull\""), "access.rule[1].who[1]", "expected a user name"),
        (rule("\"**\"", "\"a\"", "\"write\""), "access.rule[1].allow[1]", "found `write`"),
        (rule("\"**\"", "\"a\"", ""), "access.rule[1].allow", "at least one"),
        (rule("\"a/*\"", "\"a\"", "\"admin\""), "access.rule[1].repositories", "expected `**`"),
        (rule("\"**\"", "\"anonymous\"", "\"admin\""), "access.rule[1].who[1]", "`anonymous`"),
        ("public-url = \"registry.example\"".to_owned(), "access.public-url", "expected"),
        ("public-url = \"https://a.example/x\"".to_owned(), "access.public-url", "a host"),
        ("access-token-seconds = 0".to_owned(), "access.access-token-seconds", "found 0"),
        ("access-token-seconds = 3601".to_owned(), "access.access-token-seconds", "1 to 3600"),
        ("service = \"a\\\"b\"".to_owned(), "access.service", "expected a name"),
        ("[groups]\nx = [\"a:b\"]".to_owned(), "access.groups.x[1]", "expected a user name"),
        ("[[issuer]]\nurl = \"http://x.example\"\naudience = \"a\"".to_owned(), "access.issuer[1].url", "https"),
        ("[[issuer]]\nurl = \"https://x.example\"\naudience = \"\"".to_owned(), "access.issuer[1].audience", "expected"),
        (
            "[[issuer]]\nurl = \"https://x.example\"\naudience = \"a\"\n[[issuer.workload]]\nname = \"w\"\nclaims = {}".to_owned(),
            "access.issuer[1].workload[1].claims",
            "at least one claim",
        ),
    ] {
        let error = check(&text).unwrap_err();
        assert!(error.starts_with(&format!("{place}: ")) && error.contains(said), "{text}: {error}");
    }
    for text in ["colour = 1", "challenge = \"digest\"", "[[rule]]\nwho = [\"a\"]"] {
        assert!(check(text).is_err(), "{text}");
    }
}

#[test]
fn limits_hold() {
    let rule = "[[rule]]\nrepositories = [\"a\"]\nwho = [\"a\"]\nallow = [\"pull\"]\n";
    assert!(check(&rule.repeat(ACCESS_RULES_MAX)).is_ok());
    assert!(check(&rule.repeat(ACCESS_RULES_MAX + 1)).unwrap_err().starts_with("access.rule: "));
    let many = |n| format!("[groups]\ng = [{}]", "\"a\",".repeat(n));
    assert!(check(&many(ACCESS_LIST_MAX)).is_ok());
    assert!(check(&many(ACCESS_LIST_MAX + 1)).is_err());
    assert!(check_name(&"n".repeat(NAME_MAX)).is_ok());
    assert!(check_name(&"n".repeat(NAME_MAX + 1)).is_err());
}
