//! Commands and functions of WASI 0.3, on the same engine and linker as those of 0.2.

use bytes::Bytes;
use wkit_runtime_runner::{CallError, Grants, Input, InvokeError, Limits, Outcome};

use crate::support::{run, run_with, tide};

#[test]
fn a_command_gets_what_it_is_granted() {
    assert!(tide().is_command());
    assert_eq!(run(tide(), &["args", "a", "b"]).output(), "a|b");
    let grants = Grants::new().env("A", "1").env("B", "2");
    assert_eq!(run_with(tide(), &["env"], grants, Limits::default()).output(), "A=1|B=2");
    let grants = Grants::new().stdin(Input::Bytes(Bytes::from_static(b"some text")));
    assert_eq!(run_with(tide(), &["stdin"], grants, Limits::default()).output(), "some text");
}

#[test]
fn a_command_ends_in_each_way() {
    assert_eq!(run(tide(), &["exit", "7"]).outcome, Outcome::Exited(7));
    assert_eq!(run(tide(), &["exit", "ok"]).outcome, Outcome::Exited(0));
    assert_eq!(run(tide(), &["fail"]).outcome, Outcome::Exited(1));
    let Outcome::Trapped(report) = run(tide(), &["trap"]).outcome else { panic!("no trap") };
    assert_eq!(report.message, "wasm `unreachable` instruction executed");
    assert!(!report.frames.is_empty());
}

#[test]
fn async_functions_are_called_like_others() {
    let invoke = |call: &str| tide().invoke_blocking(call, Grants::default(), Limits::default());
    assert_eq!(invoke("sum([1, 2, 3])").unwrap(), ["6"]);
    assert_eq!(invoke("waves#sum([])").unwrap(), ["0"]);
    assert_eq!(invoke("shout(\"quiet\")").unwrap(), ["\"QUIET\""]);
    assert_eq!(invoke("wait-for(1000000)").unwrap(), ["\"waited\""]);
    let sum = tide().exports().find(|function| function.name == "sum").unwrap();
    assert!(sum.signature.is_async);
    assert!(matches!(
        invoke("sum([true])"),
        Err(InvokeError::Call(CallError::Argument(error))) if error.position == 1
    ));
}

#[test]
fn streams_have_no_text() {
    let error = tide().invoke_blocking("count([1])", Grants::default(), Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`wkit-fixtures:tide/waves@0.1.0#count` has a parameter `bytes` of type stream<u8>, \
         and WAVE has no form for streams"
    );
}

#[tokio::test]
async fn calls_run_at_the_same_time() {
    let calls: Vec<_> = (0..8)
        .map(|number: u32| {
            let program = tide().clone();
            tokio::spawn(async move {
                program.invoke(&format!("sum([{number}, 1])"), Grants::default(), Limits::default()).await
            })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), [(number + 1).to_string()]);
    }
}
