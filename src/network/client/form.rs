//! Encodes forms with a file through the HTTP client.

use std::{future::poll_fn, pin::Pin};

use bytes::Bytes;
use http_body::Body;
use reqwest::{
    RequestBuilder,
    multipart::{self, Part},
};

use super::classify::{self, failed};
use crate::{
    error::TransportError,
    network::http::{Content, Form},
};

/// The name of the field with the file.
const FILE: &str = "file";
/// What follows the last field, besides the boundary: a line break, and two hyphens on each side of it before another.
const END_BYTES: usize = 8;

/// `request` with the type and the length of `form`, and the pieces of `form` in their order. They share the bytes of its
/// file; one that is yet to be written is a piece of its own.
/// The boundary between its fields is a new one: 256 random bits, which are in no file.
///
/// # Errors
/// None are expected: the plugin itself sets the file's media type.
pub(super) async fn written(
    client: &reqwest::Client,
    request: reqwest::Request,
    form: Form,
) -> Result<(reqwest::Request, Vec<Content>), TransportError> {
    let unusable = |error: &reqwest::Error| classify::of(failed(error));
    let Form { fields, file } = form;
    let part = match &file.content {
        Content::Bytes(bytes) => Part::stream(bytes.clone()),
        // Of its length, so that the form has the right one, but without its bytes.
        Content::Written(written) => Part::stream_with_length("", written.length as u64),
    };
    let part = part.file_name(file.name).mime_str(file.media_type);
    // Some servers read the fields as they come, and want to know the model before the file.
    let fields = fields.into_iter().fold(multipart::Form::new(), |form, (name, value)| form.text(name, value));
    let form = fields.part(FILE, part.map_err(|error| unusable(&error))?);
    let end_bytes = END_BYTES + form.boundary().len();
    let built = RequestBuilder::from_parts(client.clone(), request).multipart(form).build();
    let mut request = built.map_err(|error| unusable(&error))?;
    let mut pieces = Vec::new();
    if let Some(mut body) = request.body_mut().take() {
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            pieces.extend(frame.map_err(|error| unusable(&error))?.into_data());
        }
    }
    if let Content::Written(_) = file.content {
        let mut start = Bytes::from(pieces.concat());
        let end = start.split_off(start.len().saturating_sub(end_bytes));
        return Ok((request, vec![Content::Bytes(start), file.content, Content::Bytes(end)]));
    }
    Ok((request, pieces.into_iter().map(Content::Bytes).collect()))
}
