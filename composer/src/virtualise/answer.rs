//! What a closed or fixed function answers.

use crate::virtualise::capability::Capability;
use crate::virtualise::constant::Value;
use crate::virtualise::policy::Policy;

/// Who answers a call, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Always this value. Handles that come with the call are dropped.
    Value(Value),
    /// A new resource with nothing behind it.
    Inert,
    /// A function of the provider: its interface and name.
    Provider(&'static str, String),
    /// Nobody: the call ends the component.
    Trap,
}

/// The answer of a function whose capability is closed; `None` when WASI has no such function. Methods are not asked
/// for here: who answers them follows from where their object comes from.
pub(super) fn of(policy: &Policy, path: &str, function: &str) -> Option<Answer> {
    let provider = |interface| Some(Answer::Provider(interface, function.to_owned()));
    let value = |value| Some(Answer::Value(value));
    let (package, interface) = path.split_once('/')?;
    match (package, interface, function) {
        ("wasi:cli", "environment", "get-environment") => {
            let pairs = policy.env.iter().flatten();
            let pair = |(name, value): &(String, String)| {
                Value::Fields(vec![Value::Text(name.clone()), Value::Text(value.clone())])
            };
            value(Value::List(pairs.map(pair).collect()))
        }
        ("wasi:cli", "environment", "get-arguments") => {
            value(Value::List(policy.args.iter().flatten().cloned().map(Value::Text).collect()))
        }
        ("wasi:cli", "environment", "initial-cwd" | "get-initial-cwd") => value(Value::none()),
        ("wasi:cli", "exit", _) => Some(Answer::Trap),
        ("wasi:cli", "stdin" | "stdout" | "stderr", "get-stdin" | "get-stdout" | "get-stderr") => {
            provider("stdio")
        }
        ("wasi:cli", "terminal-stdin" | "terminal-stdout" | "terminal-stderr", _) => value(Value::none()),
        ("wasi:filesystem", "preopens", "get-directories") => match policy.files {
            Some(_) => provider("preopens"),
            None => value(Value::List(Vec::new())),
        },
        ("wasi:filesystem", "types", "filesystem-error-code") => value(Value::none()),
        ("wasi:sockets", "instance-network", "instance-network") => Some(Answer::Inert),
        ("wasi:sockets", "network", "network-error-code") => value(Value::none()),
        ("wasi:sockets", _, _) => value(Value::error("access-denied")),
        ("wasi:http", _, "handle" | "send") => value(Value::error("HTTP-request-denied")),
        ("wasi:clocks", "monotonic-clock", _) => provider("monotonic-clock"),
        ("wasi:clocks", "wall-clock" | "system-clock", "now") => value(Value::Fields(vec![
            Value::Int(policy.wall_clock.seconds),
            Value::Int(policy.wall_clock.nanoseconds.into()),
        ])),
        ("wasi:clocks", "wall-clock", "resolution") => {
            value(Value::Fields(vec![Value::Int(1), Value::Int(0)]))
        }
        ("wasi:clocks", "system-clock", "get-resolution") => value(Value::Int(1_000_000_000)),
        ("wasi:random", "random" | "insecure" | "insecure-seed", _) => provider("random"),
        _ => None,
    }
}

/// The answer when a call brings a handle from elsewhere than the one who would answer: a stream of the host and one
/// of the provider, say.
pub(super) fn mixed(path: &str, function: &str) -> Option<Value> {
    match (path, function) {
        (_, "http-error-code" | "filesystem-error-code" | "network-error-code") => Some(Value::none()),
        ("wasi:io/streams", "[method]output-stream.splice" | "[method]output-stream.blocking-splice") => {
            Some(Value::error("closed"))
        }
        _ => None,
    }
}

/// The interface of the provider that has the resources of an interface of WASI.
pub(super) fn provider_of(path: &str) -> Option<&'static str> {
    match path {
        "wasi:io/error" => Some("error"),
        "wasi:io/poll" => Some("poll"),
        "wasi:io/streams" => Some("streams"),
        "wasi:filesystem/types" => Some("files"),
        _ => None,
    }
}

/// The capability whose closing a function belongs to, if the policy closes it.
pub(super) fn closed_capability(policy: &Policy, path: &str, function: &str) -> Option<Capability> {
    Capability::of_function(path, function).filter(|capability| policy.closes(*capability))
}
