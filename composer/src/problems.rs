//! Everything that keeps components from being composed, found in one go.

use std::fmt;

use crate::error::ComposeError;
use crate::limits::PROBLEMS_MAX;

/// Why a composition is not possible: every problem that could be found, at least one, each with its own
/// [`ComposeError::hint`] and [`ComposeError::places`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// Never empty.
    list: Vec<ComposeError>,
    left_out: usize,
}

impl Problems {
    /// The problems of `list`, at most [`PROBLEMS_MAX`]; `None` when there are none.
    pub(crate) fn new(list: Vec<ComposeError>) -> Option<Self> {
        let mut distinct: Vec<ComposeError> = Vec::new();
        for problem in list {
            if !distinct.contains(&problem) {
                distinct.push(problem);
            }
        }
        let left_out = distinct.len().saturating_sub(PROBLEMS_MAX);
        distinct.truncate(PROBLEMS_MAX);
        (!distinct.is_empty()).then_some(Self { list: distinct, left_out })
    }

    /// The problem to begin with.
    pub fn first(&self) -> &ComposeError {
        &self.list[0]
    }

    /// All problems: what cannot be read, what the plan says wrongly, what is not clear, what does not fit.
    pub fn iter(&self) -> impl Iterator<Item = &ComposeError> {
        self.list.iter()
    }

    /// How many there are, without those beyond [`PROBLEMS_MAX`].
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// How many more there are than [`PROBLEMS_MAX`].
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// What to do about the first problem.
    pub fn hint(&self) -> Option<String> {
        self.first().hint()
    }
}

impl From<ComposeError> for Problems {
    fn from(problem: ComposeError) -> Self {
        Self { list: vec![problem], left_out: 0 }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.first())?;
        for problem in &self.list[1..] {
            write!(formatter, "\n{problem}")?;
        }
        match self.left_out {
            0 => Ok(()),
            left_out => write!(formatter, "\nand {left_out} more"),
        }
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(index: usize) -> ComposeError {
        ComposeError::DuplicateName { name: format!("x{index}") }
    }

    #[test]
    fn each_problem_once_and_not_more_than_can_be_read() {
        assert_eq!(Problems::new(Vec::new()), None);
        let twice = Problems::new(vec![problem(1), problem(1)]).unwrap();
        assert_eq!((twice.count(), twice.left_out()), (1, 0));
        let full = Problems::new((0..PROBLEMS_MAX).map(problem).collect()).unwrap();
        assert_eq!((full.count(), full.left_out()), (PROBLEMS_MAX, 0));
        assert!(!full.to_string().contains("more"));
        let beyond = Problems::new((0..=PROBLEMS_MAX).map(problem).collect()).unwrap();
        assert_eq!((beyond.count(), beyond.left_out()), (PROBLEMS_MAX, 1));
        assert!(beyond.to_string().ends_with("\nand 1 more"));
    }
}
