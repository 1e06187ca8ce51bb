//! How far a long command has come, on stderr when that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::upkeep::Progress;

/// A bar on a terminal, nothing elsewhere. It is gone when the command is done.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn step(&self, what: &'static str, total: u64) {
        let template =
            if total == 0 { "{spinner} {msg} {pos}" } else { "{spinner} {msg} {wide_bar} {percent} %" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_message(what);
        self.0.set_length(total);
        self.0.set_position(0);
    }

    fn done(&self, parts: u64) {
        self.0.set_position(parts);
    }
}
