//! Tokens in a store.

use super::*;
use crate::store::open_for_test;

const NOW: u64 = 1_800_000_000;

fn tokens(folder: &std::path::Path) -> Tokens {
    Tokens::new(open_for_test(folder))
}

fn new(name: &str, owner: Option<&str>) -> NewToken {
    NewToken {
        kind: TokenKind::Api,
        name: name.to_owned(),
        owner: owner.map(str::to_owned),
        scopes: vec!["demo/**:pull,push".parse().unwrap()],
        life: Some(Duration::from_secs(100)),
        password: None,
    }
}

#[tokio::test]
async fn a_token_is_found_by_its_secret_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(folder.path());
    let (token, secret) = tokens.create(new("ci", Some("alice")), NOW).await.unwrap();
    assert!(secret.starts_with("wkit_") && secret.len() == 48);
    let found = tokens.find(&secret, TokenKind::Api, NOW + 99).await.unwrap().unwrap();
    assert_eq!((found.id, found.expires), (token.id.clone(), Some(NOW + 100)));
    for (secret, kind, now) in [
        (secret.as_str(), TokenKind::Api, NOW + 100),
        (&secret, TokenKind::Refresh, NOW),
        ("wkit_other", TokenKind::Api, NOW),
    ] {
        assert_eq!(tokens.find(secret, kind, now).await.unwrap(), None);
    }
    // The secret itself is nowhere in the file.
    let stored = std::fs::read(folder.path().join("metadata")).unwrap();
    let held = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(held(&secret::hash(&secret)) && !held(&secret));
    assert_eq!(tokens.list(None, NOW + 100).await.unwrap(), []);
}

#[tokio::test]
async fn the_last_use_is_noted_now_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(folder.path());
    let forever = NewToken { life: None, ..new("ci", None) };
    let (_, secret) = tokens.create(forever, NOW).await.unwrap();
    let step = TOKEN_USE_STEP.as_secs();
    for (now, expected) in [(NOW, NOW), (NOW + step - 1, NOW), (NOW + step, NOW + step)] {
        tokens.find(&secret, TokenKind::Api, now).await.unwrap().unwrap();
        while tokens.list(None, now).await.unwrap()[0].last_used != Some(expected) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn tokens_are_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(folder.path());
    let (first, secret) = tokens.create(new("ci", Some("alice")), NOW).await.unwrap();
    tokens.create(new("ci", Some("bob")), NOW + 1).await.unwrap();
    tokens.create(new("ci", None), NOW + 2).await.unwrap();
    assert!(matches!(tokens.create(new("ci", Some("bob")), NOW).await, Err(TokenError::Exists { .. })));
    assert_eq!(tokens.list(None, NOW).await.unwrap().len(), 3);
    assert_eq!(tokens.list(Some("alice"), NOW).await.unwrap(), std::slice::from_ref(&first));
    assert!(matches!(tokens.revoke(&first.id, Some("bob")).await, Err(TokenError::Unknown { .. })));
    tokens.revoke(&first.id, Some("alice")).await.unwrap();
    assert_eq!(tokens.find(&secret, TokenKind::Api, NOW).await.unwrap(), None);
    assert!(matches!(tokens.revoke(&first.id, None).await, Err(TokenError::Unknown { .. })));
    // What has expired makes room, also for its name.
    tokens.create(new("ci", None), NOW + 200).await.unwrap();
    assert_eq!(tokens.list(None, NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn limits_hold() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = tokens(folder.path());
    let (template, _) = tokens.create(new("0", Some("alice")), NOW).await.unwrap();
    let mut batch = Batch::default();
    for number in 0..TOKENS_PER_OWNER_MAX {
        let name = number.to_string();
        for kind in [TokenKind::Api, TokenKind::Refresh] {
            let created = NOW + u64::try_from(number).unwrap();
            let token = Token { kind, name: name.as_str().into(), created, ..template.clone() };
            if number > 0 || kind == TokenKind::Refresh {
                batch.set(layout::token(&format!("{kind:?}{name}")), value(&token));
            }
        }
    }
    tokens.metadata.commit(batch).await.unwrap();
    assert!(matches!(tokens.create(new("more", Some("alice")), NOW).await, Err(TokenError::TooMany { .. })));
    tokens.create(new("more", Some("bob")), NOW).await.unwrap();
    let refresh = NewToken { kind: TokenKind::Refresh, ..new("more", Some("alice")) };
    tokens.create(refresh, NOW + 99).await.unwrap();
    let names: Vec<_> = tokens.list(Some("alice"), NOW).await.unwrap();
    let refresh = names.iter().filter(|token| token.kind == TokenKind::Refresh);
    let refresh: Vec<_> = refresh.map(|token| &*token.name).collect();
    assert!(refresh.len() == TOKENS_PER_OWNER_MAX && !refresh.contains(&"0") && refresh.contains(&"more"));
    let life = |seconds| NewToken { life: Some(Duration::from_secs(seconds)), ..new("l", None) };
    assert!(matches!(tokens.create(life(0), NOW).await, Err(TokenError::Life)));
    assert!(tokens.create(life(TOKEN_LIFE_MAX.as_secs()), NOW).await.is_ok());
    assert!(matches!(tokens.create(life(TOKEN_LIFE_MAX.as_secs() + 1), NOW).await, Err(TokenError::Life)));
    let scopes = |count| NewToken { scopes: vec!["a:pull".parse().unwrap(); count], ..new("s", None) };
    assert!(matches!(tokens.create(scopes(0), NOW).await, Err(TokenError::Scopes { found: 0 })));
    assert!(matches!(
        tokens.create(scopes(API_TOKEN_SCOPES_MAX + 1), NOW).await,
        Err(TokenError::Scopes { .. })
    ));
    assert!(tokens.create(scopes(API_TOKEN_SCOPES_MAX), NOW).await.is_ok());
    assert!(matches!(tokens.create(new("a b", None), NOW).await, Err(TokenError::Name { .. })));
    for scope in ["pull", "a:", "a:write", "A:pull", ":pull"] {
        assert!(scope.parse::<Scope>().is_err(), "{scope}");
    }
}
