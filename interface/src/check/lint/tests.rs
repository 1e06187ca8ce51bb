use super::*;

fn lint_of(resolve: &Resolve, package: PackageId) -> Vec<String> {
    let locate = |_: Span| None;
    let findings = all(&Subject { resolve, package, locate: &locate });
    findings
        .iter()
        .map(|finding| {
            format!("{} {} {}: {}", finding.rule.id, finding.level, finding.place, finding.message)
        })
        .collect()
}

fn lint_text(wit: &str) -> Vec<String> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_str("test.wit", wit).unwrap();
    lint_of(&resolve, package)
}

/// The findings of one rule, without the rule's name and level.
fn lint_rule(rule: &str, wit: &str) -> Vec<String> {
    let found = lint_text(wit);
    found.iter().filter_map(|line| line.strip_prefix(rule)).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_stable_item_does_not_mention_a_gated_one() {
    let wit = "package a:b@0.2.3;
        @since(version = 0.2.0)
        interface i {
          @unstable(feature = zones) record zone { x: u32 }
          @since(version = 0.2.3) record late { x: u32 }
          @since(version = 0.2.0) f: func() -> option<zone>;
          @since(version = 0.2.0) g: func(x: list<late>);
          @since(version = 0.2.1) g2: func(x: late);
          @since(version = 0.2.3) h: func(x: late);
          @unstable(feature = zones) j: func(x: late) -> zone;
          @unstable(feature = other) k: func() -> zone;
          @since(version = 0.2.0) record holds { x: tuple<u8, zone> }
        }";
    assert_eq!(
        lint_rule("GATED_ITEM_USED_BY_STABLE", wit),
        [
            "breaking `a:b/i@0.2.3`, record `holds`: it mentions type `zone`, which is `@unstable(feature = zones)`: \
             without the feature the package cannot be read",
            "breaking `a:b/i@0.2.3`, function `f`: it mentions type `zone`, which is `@unstable(feature = zones)`: \
             without the feature the package cannot be read",
            "breaking `a:b/i@0.2.3`, function `k`: it mentions type `zone`, which is `@unstable(feature = zones)`: \
             without the feature the package cannot be read",
            "note `a:b/i@0.2.3`, function `g`: it is there since 0.2.0 and mentions type `late`, which came in 0.2.3; so do 1 more",
        ]
    );
    // What the message says is so.
    let mut resolve = Resolve::default();
    assert!(resolve.push_str("test.wit", wit).is_err());
    let fine = wit.replace("f: func() -> option<zone>;", "f: func();").replace("tuple<u8, zone>", "u8");
    let fine = fine.replace("k: func() -> zone", "k: func()");
    assert!(Resolve::default().push_str("test.wit", &fine).is_ok());
}

#[test]
fn a_world_does_not_import_what_is_gated_otherwise() {
    let wit = "package a:b@0.2.3;
        @unstable(feature = zones) interface zones { @unstable(feature = zones) type z = u32; }
        @since(version = 0.2.0) interface old {
          @unstable(feature = zones) use zones.{z};
          @unstable(feature = zones) f: func() -> z;
        }
        @since(version = 0.2.3) interface late { @since(version = 0.2.3) f: func(); }
        @since(version = 0.2.0) world one { @since(version = 0.2.0) import old; }
        @since(version = 0.2.0) world two { @since(version = 0.2.0) import zones; @since(version = 0.2.0) export late; }
        @since(version = 0.2.0) world three { @unstable(feature = zones) import zones; }
        world four { @since(version = 0.2.3) include two; }";
    assert_eq!(
        lint_rule("GATED_ITEM_USED_BY_STABLE", wit),
        [
            "breaking `a:b/zones@0.2.3`: it mentions interface `zones`, which is `@unstable(feature = zones)`: \
             without the feature the package cannot be read",
            "note `a:b/late@0.2.3`: it is there since 0.2.0 and mentions interface `late`, which came in 0.2.3",
        ]
    );
}

#[test]
fn gates_of_other_packages_are_theirs() {
    let wit = "package a:b@0.2.0;
        interface i { @since(version = 0.2.0) use c:d/j@3.0.0.{t}; @since(version = 0.2.0) f: func(x: t); }
        package c:d@3.0.0 { interface j { @since(version = 3.0.0) type t = u32; } }";
    assert_eq!(lint_text(wit), [""; 0]);
}

#[test]
fn an_item_is_not_older_than_its_home() {
    let wit = "package a:b@0.2.3;
        @since(version = 0.2.1)
        interface i {
          @since(version = 0.2.0) f: func();
          @since(version = 0.2.2) resource r {
            @since(version = 0.2.1) m: func();
            @since(version = 0.2.2) n: func();
          }
        }
        @unstable(feature = x) interface j { @since(version = 0.2.1) f: func(); @unstable(feature = x) g: func(); }";
    assert_eq!(
        lint_rule("SINCE_BEFORE_HOME", wit),
        [
            "note `a:b/i@0.2.3`, function `f`: it says `@since(version = 0.2.0)`, but `interface i` around it came in 0.2.1",
            "note `a:b/i@0.2.3`, method `r.m`: it says `@since(version = 0.2.1)`, but `resource r` around it came in 0.2.2",
            "note `a:b/j@0.2.3`, function `f`: it says `@since(version = 0.2.1)`, but `interface j` around it is \
             `@unstable(feature = x)`",
        ]
    );
}

#[test]
fn deprecation_lies_between_since_and_the_version() {
    let wit = "package a:b@0.2.3;
        interface i {
          @since(version = 0.2.2) @deprecated(version = 0.2.1) f: func();
          @since(version = 0.2.0) @deprecated(version = 0.3.0) g: func();
          @since(version = 0.2.0) @deprecated(version = 0.2.0) h: func();
          @unstable(feature = x) @deprecated(version = 0.2.4) j: func();
        }";
    assert_eq!(
        lint_rule("DEPRECATED_ORDER", wit),
        [
            "breaking `a:b/i@0.2.3`, function `f`: it was deprecated in 0.2.1, before it came in 0.2.2",
            "note `a:b/i@0.2.3`, function `g`: it is deprecated in 0.3.0, which is later than the package's 0.2.3",
            "note `a:b/i@0.2.3`, function `j`: it is deprecated in 0.2.4, which is later than the package's 0.2.3",
        ]
    );
}

#[test]
fn features_that_are_left_are_listed_once_each() {
    let interface = "interface i {
        @since(version = 0.2.0) f: func();
        @unstable(feature = x) g: func();
        @unstable(feature = x) h: func();
        @unstable(feature = y) j: func();
      }";
    assert_eq!(
        lint_rule("UNSTABLE_IN_RELEASE", &format!("package a:b@0.2.3; {interface}")),
        [
            "note `a:b/i@0.2.3`, function `g`: feature `x` is not stable in 0.2.3: this and 1 more item can only be had \
             with it",
            "note `a:b/i@0.2.3`, function `j`: feature `y` is not stable in 0.2.3: this can only be had with it",
        ]
    );
    let wit = interface.replace("0.2.0", "0.2.0-rc.1");
    assert_eq!(lint_rule("UNSTABLE_IN_RELEASE", &format!("package a:b@0.2.3-rc.1; {wit}")), [""; 0]);
}

/// Source with these is refused when it is read; a binary package is not.
#[test]
fn a_binary_can_have_gates_that_cannot_be() {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("test.wit", "package a:b@0.2.3; interface i { @since(version = 0.2.3) f: func(); }")
        .unwrap();
    resolve.packages[package].name.version = Some(semver::Version::new(0, 2, 2));
    assert_eq!(
        lint_of(&resolve, package),
        [
            "SINCE_NO_FUTURE breaking `a:b/i@0.2.2`, function `f`: `@since(version = 0.2.3)` is later than the package's 0.2.2"
        ]
    );
    resolve.packages[package].name.version = None;
    assert_eq!(
        lint_of(&resolve, package),
        ["GATES_NEED_VERSION breaking `a:b`: the package has `@since` and no version"]
    );
}

#[test]
fn names_of_c_meet() {
    let wit = "package a:b;
        interface files {
          resource file { constructor(); read: func(); open: static func(); }
          method-file-read: func();
          static-file-open: func();
          constructor-file: func();
          file-drop-own: func();
          file-new: func();
          type own-file = u32;
          record info { name: string }
          info-free: func();
          info-t: func();
          record plain { x: u32 }
          plain-free: func();
          enum mode { a-b }
          enum mode-a { b }
        }
        interface files-a { b: func(); }
        interface other { files-a-b: func(); }
        interface files-a-b {}
        interface many { info: func(); }";
    assert_eq!(
        lint_rule("NAME_CLASH", wit),
        [
            "breaking `a:b/files`, type `own-file`: in C, its type is called `a_b_files_own_file_t`, and so is the handle \
             of resource `file` of `files`",
            "breaking `a:b/files`, enum `mode-a`: in C, its case `b` is called `A_B_FILES_MODE_A_B`, and so is the case \
             `a-b` of enum `mode` of `files`",
            "breaking `a:b/files`, function `method-file-read`: in C, it is called `a_b_files_method_file_read`, and so is \
             method `file.read` of `files`",
            "breaking `a:b/files`, function `static-file-open`: in C, it is called `a_b_files_static_file_open`, and so is \
             static function `file.open` of `files`",
            "breaking `a:b/files`, function `constructor-file`: in C, it is called `a_b_files_constructor_file`, and so is \
             constructor of `file` of `files`",
            "breaking `a:b/files`, function `file-drop-own`: in C, it is called `a_b_files_file_drop_own`, and so is the \
             drop function of resource `file` of `files`",
            "breaking `a:b/files`, function `file-new`: in C, it is called `a_b_files_file_new`, and so is the maker of \
             resource `file` of `files`, where the interface is exported",
            "breaking `a:b/files`, function `info-free`: in C, it is called `a_b_files_info_free`, and so is the free \
             function of record `info` of `files`",
            "breaking `a:b/files`, function `info-t`: in C, it is called `a_b_files_info_t`, and so is the type of record \
             `info` of `files`",
        ]
    );
    assert_eq!(
        lint_rule("NAME_CLASH", "package a:b; interface a-b { c: func(); } interface a { b-c: func(); }"),
        ["breaking `a:b/a`, function `b-c`: in C, it is called `a_b_a_b_c`, and so is function `c` of `a-b`"]
    );
}

#[test]
fn names_of_go_rust_and_cpp_meet() {
    let wit = "package a:b;
        interface i {
          resource r {
            constructor();
            new: func();
            handle: func();
            from-handle: static func();
            s: static func();
          }
          resource q { new: func(); }
          make-r: func();
          r-s: func();
          record guest-r { x: u32 }
          record r-borrow { x: u32 }
          variant v { a }
          make-v-a: func();
        }";
    assert_eq!(
        lint_rule("NAME_CLASH", wit),
        [
            "breaking `a:b/i`, function `make-r`: in Go, it is called `MakeR`, and so is constructor of `r` of `i`",
            "breaking `a:b/i`, function `r-s`: in Go, it is called `RS`, and so is static function `r.s` of `i`",
            "breaking `a:b/i`, function `make-v-a`: in Go, it is called `MakeVA`, and so is the maker of case `a` of variant \
             `v` of `i`",
            "breaking `a:b/i`, record `guest-r`: in Rust, its type is called `GuestR`, and so is the trait of resource `r` of \
             `i`, where the interface is exported",
            "breaking `a:b/i`, record `r-borrow`: in Rust, its type is called `RBorrow`, and so is the borrowed handle of \
             resource `r` of `i`, where the interface is exported",
            "breaking `a:b/i`, method `r.new`: in Rust and C++, the constructor of the resource is called `new` too",
            "breaking `a:b/i`, method `r.handle`: in Rust, the bindings of an imported resource have a function `handle` of \
             their own",
            "breaking `a:b/i`, static function `r.from-handle`: in Rust, the bindings of an imported resource have a function \
             `from_handle` of their own",
        ]
    );
}

#[test]
fn names_that_a_world_has_itself_meet() {
    let wit = "package a:b;
        world w {
          resource file { constructor(); read: func(); handle: func(); }
          record info { name: string }
          import method-file-read: func();
          import file-drop-own: func();
          import file-new: func();
          import make-file: func();
          import info-free: func();
          export method-file-read: func();
          export make-info: func();
          export info-t: func();
        }
        world other { import method-file-read: func(); }";
    assert_eq!(
        lint_rule("NAME_CLASH", wit),
        [
            "breaking `a:b`, function `file-drop-own`: in C, it is called `w_file_drop_own`, and so is the drop function of \
             resource `file` of `w`",
            "breaking `a:b`, function `info-free`: in C, it is called `w_info_free`, and so is the free function of record \
             `info` of `w`",
            "breaking `a:b`, method `file.read`: in C, it is called `w_method_file_read`, and so is function \
             `method-file-read` of `w`",
            "breaking `a:b`, constructor of `file`: in Go, it is called `MakeFile`, and so is function `make-file` of `w`",
            "breaking `a:b`, method `file.handle`: in Rust, the bindings of an imported resource have a function `handle` of \
             their own",
        ]
    );
}

#[test]
fn words_of_languages_are_told_with_what_becomes_of_them() {
    let wit = "package a:b;
        interface i {
          record r { %type: u32, co-await: u32 }
          f: func(%type: u32, restrict: u32, len: u32, text: string);
          g: func(%type: u32);
          %gen: func();
          enum e { %self, other }
          plain: func(len: u32) -> string;
        }
        world w { import default: func(); }";
    assert_eq!(
        lint_rule("KEYWORD_CLASH", wit),
        [
            "note `a:b/i`, record `r`, field `type`: `type` is a word of its own in guest languages: in Rust and \
             AssemblyScript it is written with `_` at its end; in Zig it is written `@\"type\"`",
            "breaking `a:b/i`, record `r`, field `co-await`: `co-await` is a word of its own in guest languages: in C++ the \
             bindings do not escape it and do not compile",
            "breaking `a:b/i`, enum `e`, case `self`: `self` is a word of its own in guest languages: in Rust the bindings \
             do not escape it and do not compile",
            "note `a:b/i`, function `f`, parameter `type`: `type` is a word of its own in guest languages: in Rust, Go and \
             AssemblyScript it is written with `_` at its end; in Zig it is written `@\"type\"`; so it is in 1 more place of \
             `interface i`",
            "breaking `a:b/i`, function `f`, parameter `restrict`: `restrict` is a word of its own in guest languages: in C \
             the bindings do not escape it and do not compile",
            "note `a:b/i`, function `f`, parameter `len`: `len` is a word of its own in guest languages: in Go the bindings \
             may not compile, as they use the word themselves",
            "breaking `a:b/i`, function `gen`: `gen` is a word of its own in guest languages: in Rust 2024 the bindings do \
             not escape it and do not compile",
            "note `a:b`, function `default`: `default` is a word of its own in guest languages: in AssemblyScript it is \
             written with `_` at its end",
        ]
    );
}

/// Of the gates there is only the list of what is not stable, and a type that came later than what mentions it: in
/// `wasi:http/types` functions of 0.2.0 have parameters of the type `field-name` of 0.2.1, which is so.
#[test]
fn the_published_wasi_is_fine() {
    let mut all = String::new();
    let Some(releases) = wkit_fixtures::wasi_history::releases(true) else { return };
    for release in releases {
        for package in &release.packages {
            for line in lint_of(&release.resolve, *package) {
                assert!(line.contains(" note "), "{line}");
                all += &line;
                all.push('\n');
            }
        }
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/history/lints.txt");
    wkit_fixtures::golden::assert_golden(golden, &all);
}
