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
    bytes: InputBytes,
    outcome: OnceLock<Outcome>,
}

/// Reads all of `inputs`, those of equal bytes once: small ones as many at a time as there are processors, large ones one
/// by one, so that no more than one of them is in memory that need not be; their code is validated by all processors.
pub(crate) fn read(inputs: &[&InputBytes]) -> (Vec<Result<Read, Unread>>, Shells) {
    let mut jobs: Vec<Job> = Vec::new();
    let mut numbers: HashMap<Content, usize> = HashMap::new();
    let mut places: Vec<Result<usize, Unread>> = Vec::with_capacity(inputs.len());
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    inputs.iter().for_each(|input| *lengths.entry(input.len()).or_default() += 1);
    for input in inputs {
        let place = place(input, lengths[&input.len()] == 1, &mut jobs, &mut numbers);
        places.push(place.map_err(|error| Unread::Bytes(io_message(&error))));
    }
    let small: Vec<(usize, &Job)> =
        jobs.iter().enumerate().filter(|(_, job)| job.outcome.get().is_none()).collect();
    in_parallel(&small);

    let (mut surfaces, mut shells) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    for (number, Job { bytes, outcome }) in jobs.into_iter().enumerate() {
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
    input: &InputBytes,
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
        jobs.push(Job { bytes: input.clone(), outcome });
    }
    Ok(number)
}

fn in_parallel(jobs: &[(usize, &Job)]) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((number, found)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.outcome.get_or_init(|| job(*number, &found.bytes));
        }
    };
    let processors = match jobs.len() {
        0 | 1 => 1,
        _ => thread::available_parallelism().map_or(1, NonZero::get),
    };
    thread::scope(|scope| {
        for _ in 1..processors.min(jobs.len()) {
            scope.spawn(work);
        }
        work();
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
