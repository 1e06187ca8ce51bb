//! Shows transfers as bars on a terminal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use wkit_registry_client::Progress;

use crate::ui::Ui;

/// A bar for each transfer under way.
pub(crate) struct Bars {
    ui: Ui,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    /// No bars yet.
    pub(crate) fn new(ui: Ui) -> Self {
        Self { ui, bars: Mutex::default() }
    }

    fn with(&self, what: &str, act: impl FnOnce(&ProgressBar)) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bars.get(what) {
            act(bar);
        }
    }
}

impl Progress for Bars {
    fn started(&self, what: &str, total_bytes: Option<u64>) {
        let bar = match total_bytes {
            Some(total_bytes) => self.ui.bytes_bar(what.to_owned(), total_bytes),
            None => self.ui.spinner(what.to_owned()),
        };
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned(), bar);
    }

    fn advanced(&self, what: &str, bytes: u64) {
        self.with(what, |bar| bar.inc(bytes));
    }

    fn finished(&self, what: &str) {
        self.with(what, ProgressBar::finish_and_clear);
    }
}
