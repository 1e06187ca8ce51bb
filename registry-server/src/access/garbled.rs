//! What strangers send to the parsers of access: nothing of it may panic, and what is read must be read alike again.

use super::credentials::Credentials;
use super::glob::Glob;
use super::htpasswd::HtpasswdFile;
use super::scope::parse_scopes;
use super::settings::AccessSettings;
use super::tokens::Scope;

const ROUNDS: u32 = 30_000;

const SAMPLES: [&str; 12] = [
    "Basic YWxpY2U6c2VjcmV0",
    "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJhIn0.c2ln",
    "repository:demo/greet:pull,push registry:catalog:*",
    "repository(plugin):a/b:*",
    "demo/**/x-*:pull,push,delete",
    "**",
    "alice:$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ\n# x\n",
    "bob:$2y$04$abcdefghijklmnopqrstuuKw8i1hJPoIWnTbUPvHbQDvFzxyZ0aGq\n",
    "carol:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=",
    "[[rule]]\nrepositories = [\"a/**\"]\nwho = [\"group:x\", \"anonymous\"]\nallow = [\"pull\"]\n[groups]\nx = [\"a\"]\n",
    "public-url = \"https://a.example\"\n[[issuer]]\nurl = \"https://b.example\"\naudience = \"c\"\n",
    "\u{0}\u{7f}ä€𝄞:::/***",
];

/// A generator of numbers (xorshift): the same every time, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// A sample with some characters changed, doubled, taken out or taken from another.
    fn garbled(&mut self) -> String {
        let mut text: Vec<char> = SAMPLES[self.below(SAMPLES.len())].chars().collect();
        for _ in 0..=self.below(6) {
            let place = self.below(text.len());
            let other: Vec<char> = SAMPLES[self.below(SAMPLES.len())].chars().collect();
            match self.below(4) {
                0 if !text.is_empty() => drop(text.remove(place)),
                1 => text.insert(place, other[self.below(other.len())]),
                2 => text.extend_from_slice(&other[self.below(other.len())..]),
                _ => text.truncate(place),
            }
        }
        text.into_iter().collect()
    }
}

#[test]
fn nothing_panics_and_what_is_read_is_read_again() {
    let (mut numbers, mut read) = (Numbers(0x9e37_79b9_7f4a_7c15), [0_u32; 4]);
    for _ in 0..ROUNDS {
        let text = numbers.garbled();
        read[0] += u32::from(Credentials::parse(text.as_bytes()).is_ok());
        read[1] += u32::from(parse_scopes([text.as_str()].into_iter()).is_ok());
        if let Ok(glob) = text.parse::<Glob>() {
            read[2] += 1;
            assert_eq!(glob.to_string(), text);
            glob.matches(&text);
        }
        if let Ok(scope) = text.parse::<Scope>() {
            let again: Scope = serde_json::from_str(&serde_json::to_string(&scope).unwrap()).unwrap();
            assert_eq!(scope, again);
        }
        if let Ok(file) = HtpasswdFile::parse(&text) {
            read[3] += 1;
            assert!(file.users().all(|(name, _)| !name.is_empty() && !name.contains(':')));
        }
        if let Ok(settings) = toml::from_str::<AccessSettings>(&text) {
            drop(settings.check());
        }
        drop(Glob::new(&text));
    }
    // Samples that all fail would show nothing.
    assert!(read.iter().all(|read| *read > ROUNDS / 1_000), "{read:?}");
}
