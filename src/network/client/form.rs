//! Forms with a file, as the HTTP client writes them.

use std::{future::poll_fn, pin::Pin};

use bytes::Bytes;
use http_body::Body;
use reqwest::{
    RequestBuilder,
    multipart::{self, Part},
};

use super::classify::{self, failed};
use crate::{error::TransportError, network::http::Form};

/// The name of the field with the file.
const FILE: &str = "file";

/// `request` with the type and the length of `form`, and the bytes of `form` in their order. They share those of its file.
/// The boundary between its fields is a new one: 256 random bits, which are in no file.
///
/// # Errors
/// None is known: the media type of the file is the plugin's own.
pub(super) async fn written(
    client: &reqwest::Client,
    request: reqwest::Request,
    form: Form,
) -> Result<(reqwest::Request, Vec<Bytes>), TransportError> {
    let unusable = |error: &reqwest::Error| classify::of(failed(error));
    let Form { fields, file } = form;
    let part = Part::stream(file.data).file_name(file.name).mime_str(file.media_type);
    // Some servers read the fields as they come, and want to know the model before the file.
    let fields = fields.into_iter().fold(multipart::Form::new(), |form, (name, value)| form.text(name, value));
    let form = fields.part(FILE, part.map_err(|error| unusable(&error))?);
    let built = RequestBuilder::from_parts(client.clone(), request).multipart(form).build();
    let mut request = built.map_err(|error| unusable(&error))?;
    let mut pieces = Vec::new();
    if let Some(mut body) = request.body_mut().take() {
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            pieces.extend(frame.map_err(|error| unusable(&error))?.into_data());
        }
    }
    Ok((request, pieces))
}
