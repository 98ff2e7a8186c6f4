const FORMATS = { '/9j/': 'jpeg', UklG: 'webp' };

/** The URLs of the images in the data of an image query. */
export function findImageUrls(data) {
  const images = data?.data?.images ?? [data?.data];
  return images.filter(Boolean).map(imageUrl).filter(Boolean);
}

function imageUrl({ url, b64_json: base64 }) {
  return base64 ? `data:image/${FORMATS[base64.slice(0, 4)] ?? 'png'};base64,${base64}` : url;
}

/** Where an image would be loaded from. */
export const describeHost = (url) => (URL.canParse(url) ? new URL(url).host : 'an unknown host');
