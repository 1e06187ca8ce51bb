//! Files of users.

use super::*;

const ARGON2: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ";
const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuuKw8i1hJPoIWnTbUPvHbQDvFzxyZ0aGq";

#[test]
fn users_and_comments_stay_in_order() {
    let text = format!("# people\nalice:{ARGON2}\n\nbob:{BCRYPT}\n");
    let mut file = HtpasswdFile::parse(&text).unwrap();
    assert_eq!(file.users().collect::<Vec<_>>(), [("alice", "argon2id"), ("bob", "bcrypt")]);
    assert!(!file.set("bob", StoredHash::parse(ARGON2).unwrap()));
    assert!(file.set("carol", StoredHash::parse(BCRYPT).unwrap()));
    assert!(file.remove("alice") && !file.remove("alice"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    file.write(&path).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("# people\n\nbob:{ARGON2}\ncarol:{BCRYPT}\n")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        file.write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, line, said) in [
        ("alice".to_owned(), 1, "expected `name:hash`"),
        (format!("a:{ARGON2}\na:{ARGON2}"), 2, "in line 1 already"),
        (format!("\nanonymous:{ARGON2}"), 2, "expected a user name"),
        (format!("a b:{ARGON2}"), 1, "expected a user name"),
        ("a:$apr1$x$y".to_owned(), 1, "apr1"),
        ("a:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=".to_owned(), 1, "SHA-1"),
        ("a:secret".to_owned(), 1, "expected an argon2id or bcrypt hash"),
    ] {
        let error = HtpasswdFile::parse(&text).unwrap_err();
        assert_eq!(error.0, line, "{text}");
        assert!(error.1.contains(said), "{text}: {}", error.1);
    }
    assert!(check_user_name(&"a".repeat(NAME_MAX)).is_ok());
    assert!(check_user_name(&"a".repeat(NAME_MAX + 1)).is_err());
}

#[test]
fn a_file_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    let line = format!("#{}\n", "x".repeat(1022));
    let lines = usize::try_from(HTPASSWD_BYTES_MAX).unwrap() / line.len();
    std::fs::write(&path, line.repeat(lines)).unwrap();
    assert!(HtpasswdFile::read(&path).is_ok());
    std::fs::write(&path, line.repeat(lines) + "\n").unwrap();
    assert!(matches!(HtpasswdFile::read(&path), Err(HtpasswdError::TooLarge { .. })));
    assert!(matches!(HtpasswdFile::read(&folder.path().join("no")), Err(HtpasswdError::Io { .. })));
}

#[test]
fn a_changed_file_is_read_again_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    std::fs::write(&path, format!("alice:{ARGON2}\n")).unwrap();
    let users = Users::open(Some(path.clone())).unwrap();
    assert!(users.now().hash("alice").is_some() && !users.look());
    std::fs::write(&path, format!("alice:{ARGON2}\nbob:{BCRYPT}\n")).unwrap();
    assert!(users.look() && users.now().hash("bob").is_some());
    std::fs::write(&path, "alice:broken\n").unwrap();
    assert!(!users.look() && users.now().hash("alice").is_some());
    std::fs::remove_file(&path).unwrap();
    assert!(!users.look() && users.now().hash("bob").is_some());
    std::fs::write(&path, format!("bob:{BCRYPT}\n")).unwrap();
    assert!(users.look() && users.now().hash("alice").is_none());
}

/// A file with hashes of several costs must not tell who is unknown by the time that the answer takes.
#[test]
fn unknown_users_are_compared_with_the_hashes_of_all_users() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    std::fs::write(&path, format!("alice:{ARGON2}\nbob:{BCRYPT}\n")).unwrap();
    let users = Users::open(Some(path)).unwrap();
    let loaded = users.now();
    let stand_in = |number: usize| users.stand_in(&loaded, &format!("nobody{number}")).unwrap();
    let kinds: Vec<_> = (0..100).map(|number| stand_in(number).kind()).collect();
    assert!(kinds.contains(&"argon2id") && kinds.contains(&"bcrypt"));
    // The same name takes the same time again.
    assert!((0..100).all(|number| stand_in(number).kind() == kinds[number]));
    assert_eq!(users.stand_in(&Loaded::default(), "nobody"), None);
}
