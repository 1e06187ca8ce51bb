//! What belongs to one run.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::limits::Meter;
use crate::outgoing::NoOutgoingRequests;

/// The data of a store: what was granted, the handles that the guest holds, and what it used up.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outgoing: NoOutgoingRequests,
    table: ResourceTable,
    pub(crate) meter: Meter,
}

impl State {
    pub(crate) fn new(wasi: WasiCtx, meter: Meter) -> Self {
        Self {
            wasi,
            http: WasiHttpCtx::new(),
            outgoing: NoOutgoingRequests,
            table: ResourceTable::new(),
            meter,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outgoing, table: &mut self.table, ctx: &mut self.http }
    }
}
