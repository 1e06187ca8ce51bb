//! What belongs to one run.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::limits::Meter;

/// The data of a store: what was granted, the handles that the guest holds, and what it used up.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) meter: Meter,
}

impl State {
    pub(crate) fn new(wasi: WasiCtx, meter: Meter) -> Self {
        Self { wasi, table: ResourceTable::new(), meter }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
