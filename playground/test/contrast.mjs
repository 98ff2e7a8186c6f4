// Measures the contrast of text on the page. axe-core skips disabled controls and hover states.

/** WCAG level AA for text of this size. */
export const MIN_CONTRAST = 4.5;

const CONTROLS = 'button, summary, select, a[href], .segments label';

/** The contrast of an element's text with its background, from 1 to 21. */
export const contrastOf = async (locator) => (await locator.evaluate(measure)).contrast;

/** The controls whose text is hard to read under the pointer, one per line. */
export async function illegibleWhenHovered(region) {
  const found = [];
  for (const control of await region.locator(CONTROLS).filter({ visible: true }).all()) {
    // Not even a disabled control may become illegible.
    await control.hover({ force: true });
    const { text, contrast } = await control.evaluate(measure);
    if (contrast < MIN_CONTRAST) found.push(`${text}: ${contrast.toFixed(1)}`);
  }
  return found;
}

/** Runs in the page, so it cannot use anything from this file. */
function measure(control) {
  const element = control.querySelector(':scope > span') ?? control;
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });

  function luminance() {
    const channels = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((byte) => {
      const value = byte / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
  }

  function paint(color) {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
  }

  const layers = [];
  for (let each = element; each; each = each.parentElement) {
    layers.unshift(getComputedStyle(each).backgroundColor);
  }
  for (const color of layers) paint(color);
  const background = luminance();
  paint(getComputedStyle(element).color);
  const [darker, lighter] = [background, luminance()].sort((a, b) => a - b);
  return {
    text: control.textContent.trim() || control.ariaLabel,
    contrast: (lighter + 0.05) / (darker + 0.05),
  };
}
