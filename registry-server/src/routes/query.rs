//! The query of a request.

use http::request::Parts;

use crate::api_error::{ApiError, Code};

/// The parameters of a query, in order. A parameter may come several times.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads the query of a request.
    ///
    /// # Errors
    ///
    /// When it is not encoded as a form is.
    pub(crate) fn of(head: &Parts) -> Result<Self, ApiError> {
        let axum::extract::Query(pairs) = axum::extract::Query::try_from_uri(&head.uri)
            .map_err(|error| ApiError::new(Code::Unsupported, error).status(http::StatusCode::BAD_REQUEST))?;
        Ok(Self { pairs })
    }

    /// The first value of a parameter.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |pair| pair.0 == name).map(|pair| pair.1.as_str())
    }

    /// The page size `n`.
    ///
    /// # Errors
    ///
    /// When it is not a number.
    pub(crate) fn page_size(&self) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.first("n") else { return Ok(None) };
        // A number too large to hold asks for everything that one page may hold.
        match text.parse::<u128>() {
            Ok(n) => Ok(Some(usize::try_from(n).unwrap_or(usize::MAX))),
            Err(_) => {
                let message = format!("expected a number for `n`, found `{}`", text.escape_default());
                Err(ApiError::new(Code::Unsupported, message).status(http::StatusCode::BAD_REQUEST))
            }
        }
    }
}
