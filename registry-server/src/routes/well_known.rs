//! `/.well-known/wasm-pkg/registry.json`: tells package tools that this registry speaks OCI.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;
use wkit_artifact::RegistryHost;

use crate::api_error::{ApiError, Code};

/// `GET`: packages are in this registry, under the host that the client asked, without a prefix.
pub(crate) async fn wasm_pkg(request: Request) -> Result<Response, ApiError> {
    // HTTP/2 has the host in the request's target, HTTP/1.1 in a header.
    let asked = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(header::HOST).and_then(|value| value.to_str().ok()),
    };
    let invalid = |message: String| ApiError::new(Code::Unsupported, message).status(StatusCode::BAD_REQUEST);
    let host = asked.ok_or_else(|| invalid("expected the header `Host`, found none".to_owned()))?;
    let host: RegistryHost = host.parse().map_err(|error| invalid(format!("{error}")))?;
    let oci = json!({ "registry": host.to_string(), "namespacePrefix": "" });
    Ok(Json(json!({ "preferredProtocol": "oci", "oci": oci })).into_response())
}
