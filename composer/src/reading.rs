//! Validates inputs, reads their surfaces and makes their shells: all that is needed of them until the composition is
//! written.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use bytes::Bytes;
use wkit_artifact::Digest;
use wkit_interface::{DecodeError, Surface};

use crate::error::ComposeError;
use crate::input_bytes::InputBytes;
use crate::limits::LARGE_INPUT_BYTES;
use crate::shell::{Shell, Shells};

/// What was read of an input.
#[derive(Clone)]
pub(crate) struct Read {
    pub(crate) surface: Arc<Surface>,
    /// The number of its shell. Inputs of equal bytes have one.
    pub(crate) shell: usize,
}

/// Why an input cannot be read.
#[derive(Clone)]
pub(crate) enum Unread {
    /// It is no component.
    Decode(DecodeError),
    /// Its bytes are not to be had.
    Bytes(String),
    /// No shell can be made, which cannot happen to what is valid.
    Shell(String),
}

impl Unread {
    /// The error of the input called `name`.
    pub(crate) fn of(self, name: &str) -> ComposeError {
        let name = name.to_owned();
        match self {
            Self::Decode(source) => ComposeError::Decode { name, source },
            Self::Bytes(message) => ComposeError::Read { name, message },
            Self::Shell(message) => {
                ComposeError::Encode { doing: format!("take the code out of `{name}`"), message }
            }
        }
    }
}

type Outcome = Result<(Arc<Surface>, Shell), Unread>;

/// What is done once for all inputs of equal bytes.
struct Job {
    /// The first input of these bytes.
    first: usize,
    bytes: InputBytes,
    outcome: OnceLock<Outcome>,
}

/// Reads all of `inputs`, those of equal bytes once: small ones as many at a time as there are processors, large ones one
/// by one, so that no more than one of them is in memory that need not be; their code is validated by all processors.
///
/// What has been read goes to `next`, on this thread and in the order of the numbers of the shells, while other threads
/// read on: the place of the input among `inputs`, its surface and its shell.
pub(crate) fn read(
    inputs: &[&InputBytes],
    mut next: impl FnMut(usize, &Surface, &Shell),
) -> (Vec<Result<Read, Unread>>, Shells) {
    let mut jobs: Vec<Job> = Vec::new();
    let mut numbers: HashMap<Content, usize> = HashMap::new();
    let mut places: Vec<Result<usize, Unread>> = Vec::with_capacity(inputs.len());
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    inputs.iter().for_each(|input| *lengths.entry(input.len()).or_default() += 1);
    for (first, input) in inputs.iter().enumerate() {
        let place = place((first, input), lengths[&input.len()] == 1, &mut jobs, &mut numbers);
        places.push(place.map_err(|error| Unread::Bytes(io_message(&error))));
    }
    in_parallel(&jobs, |job, outcome| {
        if let Ok((surface, shell)) = outcome {
            next(job.first, surface, shell);
        }
    });

    let (mut surfaces, mut shells) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    for (number, Job { bytes, outcome, .. }) in jobs.into_iter().enumerate() {
        let outcome = outcome.into_inner().unwrap_or_else(|| job(number, &bytes));
        let (surface, shell) = match outcome {
            Ok((surface, shell)) => (Ok(surface), Some(shell)),
            Err(unread) => (Err(unread), None),
        };
        surfaces.push(surface);
        shells.push(shell);
    }
    let read = |place: Result<usize, Unread>| {
        let shell = place?;
        Ok(Read { surface: surfaces[shell].clone()?, shell })
    };
    (places.into_iter().map(read).collect(), Shells::of(shells))
}

/// The number of an input's job. A large one is read at once, while its bytes are there; those of equal length are told
/// apart by their digests, which others need not have yet.
fn place(
    (first, input): (usize, &InputBytes),
    is_only_length: bool,
    jobs: &mut Vec<Job>,
    numbers: &mut HashMap<Content, usize>,
) -> io::Result<usize> {
    let is_large = input.len() >= LARGE_INPUT_BYTES;
    let next = jobs.len();
    let number = match (is_large, is_only_length) {
        (false, _) => *numbers.entry(Content::Small(Sampled(input.read()?))).or_insert(next),
        (true, false) => *numbers.entry(Content::Large(input.digest()?)).or_insert(next),
        (true, true) => next,
    };
    if number == next {
        let outcome = OnceLock::new();
        if is_large {
            let read = input.read_for(|bytes| of_bytes(number, bytes, input))?;
            outcome.get_or_init(|| read);
        }
        jobs.push(Job { first, bytes: input.clone(), outcome });
    }
    Ok(number)
}

/// Does all jobs that are not done, on all processors, and hands each to `done` in their order on this thread.
fn in_parallel(jobs: &[Job], mut done: impl FnMut(&Job, &Outcome)) {
    let next = AtomicUsize::new(0);
    // Whether there was another one to do.
    let work_on_one = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let found = jobs.get(number);
        if let Some(found) = found {
            found.outcome.get_or_init(|| job(number, &found.bytes));
        }
        found.is_some()
    };
    let undone = jobs.iter().filter(|job| job.outcome.get().is_none()).count();
    let processors = match undone {
        0 | 1 => 1,
        _ => thread::available_parallelism().map_or(1, NonZero::get),
    };
    thread::scope(|scope| {
        for _ in 1..processors.min(undone) {
            scope.spawn(|| while work_on_one() {});
        }
        for (number, found) in jobs.iter().enumerate() {
            while found.outcome.get().is_none() && work_on_one() {}
            // By now somebody is at it, who is waited for.
            done(found, found.outcome.get_or_init(|| job(number, &found.bytes)));
        }
    });
}

fn job(number: usize, input: &InputBytes) -> Outcome {
    let read = input.read_for(|bytes| of_bytes(number, bytes, input));
    read.map_err(|error| Unread::Bytes(io_message(&error)))?
}

fn of_bytes(number: usize, bytes: &[u8], input: &InputBytes) -> Outcome {
    let surface = wkit_interface::decode(bytes).map_err(Unread::Decode)?;
    let shell = Shell::new(bytes, number, input.clone())
        .map_err(|error| Unread::Shell(error.message().to_owned()))?;
    Ok((Arc::new(surface), shell))
}

/// What the system says, in lower case and without its number for that; or which file has changed.
pub(crate) fn io_message(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(_) => text.split(" (os error").next().unwrap_or_default().to_lowercase(),
        None => text,
    }
}

/// What inputs of equal bytes have in common.
#[derive(PartialEq, Eq, Hash)]
enum Content {
    Small(Sampled),
    Large(Digest),
}

/// Bytes as a key. Only some of them are hashed, as all of them are compared anyway where the hashes agree.
struct Sampled(Bytes);

/// At most how many bytes of a [`Sampled`] are hashed.
const HASHED_BYTES: usize = 128;

impl Hash for Sampled {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.len().hash(state);
        let step = self.0.len().div_ceil(HASHED_BYTES).max(1);
        let mut sample = [0; HASHED_BYTES];
        sample.iter_mut().zip(self.0.iter().step_by(step)).for_each(|(place, byte)| *place = *byte);
        state.write(&sample);
    }
}

impl PartialEq for Sampled {
    fn eq(&self, other: &Self) -> bool {
        let same_place = self.0.as_ptr() == other.0.as_ptr() && self.0.len() == other.0.len();
        same_place || self.0 == other.0
    }
}

impl Eq for Sampled {}
