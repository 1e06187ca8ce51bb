//! A stub that can be called.

use wasmtime::component::{Component, Func, Instance, Linker, Val};
use wasmtime::{Config, Engine, Store};
use wkit_composer::{Answers, Mock, Otherwise, Stub, mock};
use wkit_fixtures::component::wit_package;

/// Makes a stub for the world `it` of the WIT text with the answers of the TOML text.
pub(super) fn stub(wit: &str, answers: &str, otherwise: Otherwise) -> Stub {
    let source = wit_package(wit);
    let answers = Answers::parse(answers).expect("the answers are well written");
    let request =
        Mock { source: &source, answers, otherwise, record: true, world: Some("it"), ..Mock::default() };
    mock(&request).unwrap_or_else(|error| panic!("{error}"))
}

/// An instance of a stub.
pub(super) struct Host {
    store: Store<()>,
    instance: Instance,
}

impl Host {
    pub(super) fn new(stub: &Stub) -> Self {
        Self::from_bytes(&stub.bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        config.wasm_component_model_map(true);
        config.wasm_component_model_fixed_length_lists(true);
        let engine = Engine::new(&config).expect("the engine starts");
        let component = Component::new(&engine, bytes).unwrap_or_else(|error| panic!("{error:?}"));
        let mut store = Store::new(&engine, ());
        let linker = Linker::new(&engine);
        let instance = linker.instantiate(&mut store, &component).unwrap_or_else(|error| panic!("{error:?}"));
        Self { store, instance }
    }

    fn function(&mut self, interface: &str, name: &str) -> Func {
        let interface = (!interface.is_empty()).then(|| {
            let found = self.instance.get_export_index(&mut self.store, None, interface);
            found.unwrap_or_else(|| panic!("no interface {interface}"))
        });
        let index = self.instance.get_export_index(&mut self.store, interface.as_ref(), name);
        let index = index.unwrap_or_else(|| panic!("no function {name}"));
        self.instance.get_func(&mut self.store, index).expect("a function")
    }

    pub(super) fn try_call(
        &mut self,
        interface: &str,
        name: &str,
        arguments: &[Val],
    ) -> wasmtime::Result<Option<Val>> {
        let function = self.function(interface, name);
        let count = function.ty(&self.store).results().count();
        let mut results = vec![Val::Bool(false); count];
        function.call(&mut self.store, arguments, &mut results)?;
        Ok(results.pop())
    }

    pub(super) fn call(&mut self, interface: &str, name: &str, arguments: &[Val]) -> Option<Val> {
        self.try_call(interface, name, arguments).unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    /// The trap's text, with the names of the functions that it happened in.
    pub(super) fn trap(&mut self, interface: &str, name: &str, arguments: &[Val]) -> String {
        let error = self.try_call(interface, name, arguments).expect_err("a trap");
        format!("{error:?}")
    }

    /// Lets go of a resource that the host got.
    pub(super) fn drop(&mut self, handle: Val) {
        let Val::Resource(handle) = handle else { panic!("no resource: {handle:?}") };
        handle.resource_drop(&mut self.store).expect("the destructor runs");
    }

    /// The calls so far, each as `interface function arguments = answer`.
    pub(super) fn calls(&mut self) -> Vec<String> {
        let Some(Val::List(calls)) = self.call("wkit:mock/calls@0.1.0", "calls", &[]) else {
            panic!("no list")
        };
        calls.iter().map(shown_call).collect()
    }
}

fn shown_call(call: &Val) -> String {
    let Val::Record(fields) = call else { panic!("no record: {call:?}") };
    let text = |index: usize| match &fields[index].1 {
        Val::String(text) => text.clone(),
        other => panic!("no string: {other:?}"),
    };
    let answer = match &fields[3].1 {
        Val::Option(Some(answer)) => match &**answer {
            Val::String(text) => format!(" = {text}"),
            other => panic!("no string: {other:?}"),
        },
        Val::Option(None) => String::new(),
        other => panic!("no option: {other:?}"),
    };
    format!("{} {} {}{answer}", text(0), text(1), text(2))
}
