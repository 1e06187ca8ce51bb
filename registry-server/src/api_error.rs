//! What a client is told when something is refused: the error codes of the OCI distribution specification ("Error
//! Codes"), and which one each refusal of the registry has.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::registry::{BlobError, ClaimError, GarbageError, ListError, ManifestError, UploadError};
use crate::store::{
    AppendError, BeginError, BlobStoreError, CommitError, IncomingError, MetadataError, SealError,
};
use crate::throttle::TooEarly;

/// An error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    BlobUnknown,
    BlobUploadInvalid,
    BlobUploadUnknown,
    Denied,
    DigestInvalid,
    ManifestBlobUnknown,
    ManifestInvalid,
    ManifestUnknown,
    NameInvalid,
    NameUnknown,
    SizeInvalid,
    TooManyRequests,
    Unauthorized,
    Unknown,
    Unsupported,
}

/// Every code as it is written, with the status it has unless a refusal says otherwise.
const CODES: [(Code, &str, StatusCode); 15] = [
    (Code::BlobUnknown, "BLOB_UNKNOWN", StatusCode::NOT_FOUND),
    (Code::BlobUploadInvalid, "BLOB_UPLOAD_INVALID", StatusCode::BAD_REQUEST),
    (Code::BlobUploadUnknown, "BLOB_UPLOAD_UNKNOWN", StatusCode::NOT_FOUND),
    (Code::Denied, "DENIED", StatusCode::FORBIDDEN),
    (Code::DigestInvalid, "DIGEST_INVALID", StatusCode::BAD_REQUEST),
    (Code::ManifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN", StatusCode::NOT_FOUND),
    (Code::ManifestInvalid, "MANIFEST_INVALID", StatusCode::BAD_REQUEST),
    (Code::ManifestUnknown, "MANIFEST_UNKNOWN", StatusCode::NOT_FOUND),
    (Code::NameInvalid, "NAME_INVALID", StatusCode::BAD_REQUEST),
    (Code::NameUnknown, "NAME_UNKNOWN", StatusCode::NOT_FOUND),
    (Code::SizeInvalid, "SIZE_INVALID", StatusCode::BAD_REQUEST),
    (Code::TooManyRequests, "TOOMANYREQUESTS", StatusCode::TOO_MANY_REQUESTS),
    (Code::Unauthorized, "UNAUTHORIZED", StatusCode::UNAUTHORIZED),
    (Code::Unknown, "UNKNOWN", StatusCode::INTERNAL_SERVER_ERROR),
    (Code::Unsupported, "UNSUPPORTED", StatusCode::METHOD_NOT_ALLOWED),
];

/// A refusal as the client sees it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: Code,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The error code of another specification, which is told besides.
    oauth: Option<&'static str>,
}

impl ApiError {
    /// A refusal with the status that belongs to its code.
    pub(crate) fn new(code: Code, message: impl ToString) -> Self {
        let status = CODES.iter().find(|row| row.0 == code).map_or(StatusCode::BAD_REQUEST, |row| row.2);
        Self { status, code, message: message.to_string(), headers: Vec::new(), oauth: None }
    }

    /// The same with another status.
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same with the error code that RFC 6749 (section 5.2) has for it.
    pub(crate) fn oauth(self, code: &'static str) -> Self {
        Self { oauth: Some(code), ..self }
    }

    /// The status that the client sees.
    pub(crate) fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The failure is the server's: the client is told so, and the log why.
    pub(crate) fn internal(error: &(impl std::error::Error + ?Sized)) -> Self {
        tracing::error!(error = %error, "a request failed");
        Self::new(Code::Unknown, "the registry could not do this, and its log says why")
    }

    /// There is no room left for what the client sends.
    fn full(error: &(impl std::error::Error + ?Sized)) -> Self {
        tracing::error!(error = %error, "a request failed");
        Self::new(Code::Unknown, "the registry has no space left").status(StatusCode::INSUFFICIENT_STORAGE)
    }

    /// Too many requests change the same thing at once.
    fn contended(error: impl ToString) -> Self {
        Self::new(Code::TooManyRequests, error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let id = CODES.iter().find(|row| row.0 == self.code).map_or("UNKNOWN", |row| row.1);
        let mut body = json!({ "errors": [{ "code": id, "message": self.message }] });
        if let Some(code) = self.oauth {
            body["error"] = json!(code);
            body["error_description"] = json!(self.message);
        }
        let mut response = (self.status, Json(body)).into_response();
        if self.code == Code::TooManyRequests {
            // Unless it is known better, below.
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<TooEarly> for ApiError {
    fn from(error: TooEarly) -> Self {
        Self::new(Code::TooManyRequests, error).header(header::RETRY_AFTER, error.seconds().into())
    }
}

impl From<MetadataError> for ApiError {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::Full => Self::full(&error),
            _ => Self::internal(&error),
        }
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } => Self::contended("other requests keep changing the same content"),
            CommitError::Metadata(error) => error.into(),
        }
    }
}

impl From<BlobStoreError> for ApiError {
    fn from(error: BlobStoreError) -> Self {
        match error {
            BlobStoreError::Full => Self::full(&error),
            _ => Self::internal(&error),
        }
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Unknown { .. } => Self::new(Code::BlobUnknown, error),
            BlobError::Blobs(error) => error.into(),
            BlobError::Metadata(error) => error.into(),
            BlobError::Interrupted(error) => Self::internal(&error),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Unknown => Self::new(Code::BlobUploadUnknown, error),
            UploadError::Quota(error) => Self::new(Code::Denied, error),
            UploadError::Begin(error) => match error {
                BeginError::TooMany { .. } => Self::new(Code::TooManyRequests, error),
                BeginError::Store(error) => error.into(),
            },
            UploadError::Append(error) => error.into(),
            UploadError::Seal(error) => match error {
                SealError::Unknown => Self::new(Code::BlobUploadUnknown, error),
                SealError::Busy => Self::new(Code::BlobUploadInvalid, error).status(StatusCode::CONFLICT),
                SealError::Digest { .. } => Self::new(Code::DigestInvalid, error),
                SealError::Store(error) => error.into(),
            },
            UploadError::Blobs(error) => error.into(),
            UploadError::Commit(error) => error.into(),
            UploadError::Metadata(error) => error.into(),
            UploadError::Interrupted(error) => Self::internal(&error),
        }
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unknown => Self::new(Code::BlobUploadUnknown, error),
            AppendError::OutOfOrder { .. } => {
                Self::new(Code::BlobUploadInvalid, error).status(StatusCode::RANGE_NOT_SATISFIABLE)
            }
            AppendError::ChunkSize { .. } => Self::new(Code::SizeInvalid, error),
            AppendError::TooLarge { .. } => {
                Self::new(Code::SizeInvalid, error).status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            AppendError::Busy => Self::new(Code::BlobUploadInvalid, error).status(StatusCode::CONFLICT),
            AppendError::Body(error @ IncomingError::Refused { .. }) => Self::new(Code::Denied, error),
            AppendError::Body(error) => Self::new(Code::BlobUploadInvalid, error),
            AppendError::Store(error) => error.into(),
        }
    }
}

impl From<ManifestError> for ApiError {
    fn from(error: ManifestError) -> Self {
        use wkit_artifact::ParseManifestError;
        match error {
            ManifestError::Unknown { .. } => Self::new(Code::ManifestUnknown, error),
            ManifestError::Invalid(ParseManifestError::Size { .. }) => {
                Self::new(Code::SizeInvalid, error).status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            ManifestError::Invalid(_)
            | ManifestError::Ambiguous
            | ManifestError::Depth
            | ManifestError::Descriptors { .. } => Self::new(Code::ManifestInvalid, error),
            ManifestError::Digest { .. } => Self::new(Code::DigestInvalid, error),
            ManifestError::Quota(error) => Self::new(Code::Denied, error),
            ManifestError::Missing { .. } => Self::new(Code::ManifestBlobUnknown, error),
            ManifestError::Damaged { .. } => Self::internal(&error),
            ManifestError::Contended => Self::contended(error),
            ManifestError::Metadata(error) => error.into(),
            ManifestError::Interrupted(error) => Self::internal(&error),
        }
    }
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Quota(error) => Self::new(Code::Denied, error),
            ClaimError::Metadata(error) => error.into(),
        }
    }
}

impl From<GarbageError> for ApiError {
    fn from(error: GarbageError) -> Self {
        match error {
            GarbageError::Running => Self::new(Code::Unsupported, error).status(StatusCode::CONFLICT),
            GarbageError::ReadOnly => Self::new(Code::Denied, error),
            GarbageError::Blobs(error) => error.into(),
            GarbageError::Blob(error) => error.into(),
            GarbageError::Manifest(error) => error.into(),
            GarbageError::Commit(error) => error.into(),
            GarbageError::Metadata(error) => error.into(),
            GarbageError::Interrupted(_) => {
                let message =
                    "the run was interrupted: the registry is stopping, or has a bug that its log tells of";
                Self::new(Code::Unknown, message).status(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::NameUnknown => Self::new(Code::NameUnknown, error),
            ListError::Metadata(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table_once() {
        for (place, row) in CODES.iter().enumerate() {
            assert_eq!(CODES.iter().position(|other| other.0 == row.0), Some(place), "{}", row.1);
            assert_eq!(ApiError::new(row.0, "x").status, row.2);
        }
        assert_eq!(CODES.len(), Code::Unsupported as usize + 1);
    }
}
