//! `wkit diff`: both sides of every change, a release note, and what cannot be compared.

use crate::check::{OLD, git, new, repository};
use crate::support::Sandbox;

#[test]
fn a_difference_in_every_format() {
    let sandbox = repository(&new());
    sandbox.wkit("diff git:main wit").ok().golden("diff");
    sandbox.wkit("diff git:main wit --width 140").ok().golden("diff-wide");
    sandbox.wkit("diff git:main wit --format markdown").ok().golden("diff-markdown");
    let json = sandbox.wkit("diff git:main wit --format json").ok();
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["checks"][0]["against"], "git:main#wit");
    let coloured = sandbox.wkit("diff git:main wit --color always").ok();
    assert!(coloured.stdout.contains("\u{1b}["), "{}", coloured.stdout);
    let narrow = sandbox.wkit("diff git:main wit").ok().stdout;
    assert_eq!(sandbox.wkit("diff git:main wit --width 119").ok().stdout, narrow);
    let wide = sandbox.wkit("diff git:main wit --width 120").ok().stdout;
    assert_ne!(wide, narrow);
}

#[test]
fn two_revisions() {
    let sandbox = repository(&new());
    git(&sandbox, ".", "tag v0.2.6");
    git(&sandbox, ".", "commit --quiet -a -m second");
    git(&sandbox, ".", "tag v0.2.7");
    let ran = sandbox.wkit("diff git:v0.2.6#wit git:v0.2.7#wit --format markdown").ok();
    assert!(ran.stdout.starts_with("## acme:kv 0.2.7"), "{}", ran.stdout);
    sandbox.wkit("diff git:v0.2.7#wit git:v0.2.7#wit").ok().golden("diff-same");
    sandbox.wkit("diff git:v0.2.7#wit git:v0.2.7#wit --format markdown").ok().golden("diff-same-markdown");
}

#[test]
fn what_cannot_be_compared() {
    let sandbox = Sandbox::new();
    sandbox.write("wit/store.wit", OLD);
    for (line, name) in [("diff wit missing", "diff-missing"), ("diff git:main git:main", "diff-no-path")] {
        let ran = sandbox.wkit(line);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        ran.golden(name);
    }
}
