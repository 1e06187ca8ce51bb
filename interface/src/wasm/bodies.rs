//! Function bodies, validated by all processors: they are most of what a component is, and none needs another.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wasmparser::{FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources};

/// How many bytes of bodies wait for each other at most.
const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// How many bodies wait for each other at most.
const BATCH_BODIES: usize = 16 * 1024;

/// From how many bytes on it is worth the while to wake up other processors.
const SHARED_BYTES: usize = 128 * 1024;

type Body<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Bodies that have been met and not yet validated.
#[derive(Default)]
pub(super) struct Bodies<'a> {
    pending: Vec<Body<'a>>,
    size_bytes: usize,
}

impl<'a> Bodies<'a> {
    /// Takes one body more, and validates all that wait when they are enough.
    pub(super) fn add(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: FunctionBody<'a>,
    ) -> wasmparser::Result<()> {
        self.size_bytes += body.as_bytes().len();
        self.pending.push((function, body));
        if self.size_bytes >= BATCH_BYTES || self.pending.len() >= BATCH_BODIES {
            self.validate()?;
        }
        Ok(())
    }

    /// Validates all that wait; what is wrong with the first that is not valid.
    pub(super) fn validate(&mut self) -> wasmparser::Result<()> {
        let threads = if self.size_bytes < SHARED_BYTES {
            1
        } else {
            thread::available_parallelism().map_or(1, NonZero::get)
        };
        self.size_bytes = 0;
        validate(&std::mem::take(&mut self.pending), threads)
    }
}

/// The first body that is not valid, and why.
type Fault = (usize, wasmparser::Error);

fn validate(bodies: &[Body<'_>], threads: usize) -> wasmparser::Result<()> {
    let next = AtomicUsize::new(0);
    let first: Mutex<Option<Fault>> = Mutex::new(None);
    let work = || {
        let mut allocations = FuncValidatorAllocations::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((function, body)) = bodies.get(index) else { return };
            match one(function, body, allocations) {
                Ok(reusable) => allocations = reusable,
                Err(error) => {
                    note(&first, index, error);
                    // All before it have been begun, and what comes after it is of no interest any more.
                    next.store(bodies.len(), Ordering::Relaxed);
                    return;
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(bodies.len()) {
            scope.spawn(work);
        }
        work();
    });
    match first.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

fn one(
    function: &FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
) -> wasmparser::Result<FuncValidatorAllocations> {
    let FuncToValidate { resources, index, ty, features } = function;
    let function =
        FuncToValidate { resources: resources.clone(), index: *index, ty: *ty, features: *features };
    let mut validator = function.into_validator(allocations);
    validator.validate(body)?;
    Ok(validator.into_allocations())
}

fn note(first: &Mutex<Option<Fault>>, index: usize, error: wasmparser::Error) {
    let mut first = first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if first.as_ref().is_none_or(|(known, _)| index < *known) {
        *first = Some((index, error));
    }
}
