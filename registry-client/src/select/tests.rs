use super::*;

fn versions(text: &str) -> Vec<Version> {
    text.split_whitespace().map(|version| version.parse().unwrap()).collect()
}

fn demands(wanted: &[&str]) -> Vec<Demand> {
    let demand = |(index, wanted): (usize, &&str)| {
        let package = if wanted.is_empty() { "acme:tax".to_owned() } else { format!("acme:tax@{wanted}") };
        Demand { package: package.parse().unwrap(), place: format!("wkit.toml:{}:7", index + 1) }
    };
    wanted.iter().enumerate().map(demand).collect()
}

fn chosen(wanted: &[&str], locked: &str, available: &str) -> String {
    match select(&demands(wanted), &versions(locked), &versions(available)) {
        Ok(chosen) => chosen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Err(SelectError::NoVersion { demand, .. }) => format!("none for {}", demand.place),
        Err(SelectError::Conflict { demands, .. }) => {
            let places: Vec<&str> = demands.iter().map(|demand| demand.place.as_str()).collect();
            format!("conflict of {}", places.join(" and "))
        }
    }
}

#[test]
fn the_table() {
    let all = "0.1.0 0.1.4 0.2.0 1.0.0 1.2.0 1.2.5 1.3.0 1.4.0-rc.1 2.0.0 2.1.0 3.0.0-rc.1";
    for (wanted, locked, expected) in [
        // Ranges, and the highest that meets them.
        (&[""][..], "", "2.1.0"),
        (&["^1.2"], "", "1.3.0"),
        (&["~1.2"], "", "1.2.5"),
        (&["1.2.0"], "", "1.2.0"),
        (&["=1.2"], "", "1.2.5"),
        (&["0.1"], "", "0.1.4"),
        (&["*"], "", "2.1.0"),
        (&[">=1, <3"], "", "2.1.0"),
        (&[">1.2, <1.3"], "", "none for wkit.toml:1:7"),
        (&["^4"], "", "none for wkit.toml:1:7"),
        // Pre-releases only when they are asked for.
        (&["^1.4"], "", "none for wkit.toml:1:7"),
        (&["^1.4.0-rc.1"], "", "1.4.0-rc.1"),
        (&["3.0.0-rc.1"], "", "3.0.0-rc.1"),
        // What is locked is kept while it will do.
        (&["^1.2"], "1.2.0", "1.2.0"),
        (&["^1.3"], "1.2.0", "1.3.0"),
        (&[""], "1.0.0", "1.0.0"),
        (&["^1.2"], "1.2.0 1.2.5", "1.2.5"),
        (&["^1.2"], "1.2.9", "1.3.0"),
        // Several demands: one version where one will do…
        (&["^1.2", "~1.2"], "", "1.2.5 1.2.5"),
        (&["", "^1"], "", "1.3.0 1.3.0"),
        (&["^1", "1.2.0", ">=1.1, <2"], "1.3.0", "1.2.0 1.2.0 1.2.0"),
        // …one for each line where not…
        (&["^1", "^2"], "", "1.3.0 2.1.0"),
        (&["^2", "^1", ">=1, <3"], "", "2.1.0 1.3.0 2.1.0"),
        (&["^0.1", "^0.2", "1.2.0"], "", "0.1.4 0.2.0 1.2.0"),
        (&["^1", "^2"], "1.0.0 2.0.0", "1.0.0 2.0.0"),
        (&["2.0.0", "~1.2", ">=1.3"], "", "2.0.0 1.2.5 2.0.0"),
        // …and never two of one line.
        (&["~1.2", "^1.3"], "", "conflict of wkit.toml:1:7 and wkit.toml:2:7"),
        (&["^2", "1.2.0", "^1", "1.2.5"], "", "conflict of wkit.toml:2:7 and wkit.toml:4:7"),
        (&["0.1.0", "0.1.4"], "", "conflict of wkit.toml:1:7 and wkit.toml:2:7"),
    ] {
        assert_eq!(chosen(wanted, locked, all), expected, "{wanted:?} with {locked:?}");
        let reversed: Vec<&str> = all.split_whitespace().rev().collect();
        assert_eq!(chosen(wanted, locked, &reversed.join(" ")), expected, "{wanted:?}, in another order");
    }
    assert_eq!(chosen(&[""], "", "1.0.0-rc.1"), "none for wkit.toml:1:7");
    assert_eq!(chosen(&["^1"], "", ""), "none for wkit.toml:1:7");
}

#[test]
fn what_is_locked_or_named_exactly_needs_no_registry() {
    let locked = |wanted: &[&str], locked: &str| select_locked(&demands(wanted), &versions(locked));
    assert_eq!(locked(&["^1.2"], "1.2.3"), Some(versions("1.2.3")));
    assert_eq!(locked(&["1.2.0"], ""), Some(versions("1.2.0")));
    assert_eq!(locked(&["^1", "1.2.0"], ""), Some(versions("1.2.0 1.2.0")));
    assert_eq!(locked(&["^1.3"], "1.2.3"), None);
    assert_eq!(locked(&[""], ""), None);
    assert_eq!(locked(&["1.2.0", "1.3.0"], ""), None, "the conflict is to name the versions there are");
}

#[test]
fn messages() {
    let fails = |wanted: &[&str], available: &str| {
        let error = select(&demands(wanted), &[], &versions(available)).unwrap_err();
        format!("{error}\nhint: {}", error.hint().unwrap_or_default())
    };
    assert_eq!(
        fails(&["~1.2", "^1.3"], "1.2.5 1.3.0"),
        "two demands on `acme:tax` do not agree on one version:\n  \
         wkit.toml:1:7 asks for `acme:tax@~1.2`\n  \
         wkit.toml:2:7 asks for `acme:tax@^1.3`\n  \
         the registry has 1.3.0, 1.2.5\n\
         hint: change `acme:tax@~1.2` (wkit.toml:1:7) to `acme:tax@^1.3.0`"
    );
    assert_eq!(
        fails(&["^2"], "1.2.5 1.3.0 2.0.0-rc.1"),
        "no version of `acme:tax` fits: wkit.toml:1:7 asks for `acme:tax@^2`, and the registry has 2.0.0-rc.1, 1.3.0, \
         1.2.5\nhint: ask for `acme:tax@^1.3.0`, the newest release"
    );
    assert_eq!(
        fails(&[""], "2.0.0-rc.1"),
        "no version of `acme:tax` fits: wkit.toml:1:7 asks for `acme:tax`, and the registry has 2.0.0-rc.1\n\
         hint: there are only pre-releases, which have to be named: `acme:tax@2.0.0-rc.1`"
    );
}
