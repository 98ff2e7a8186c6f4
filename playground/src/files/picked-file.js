/**
 * A file in the format of ToolJet 3's file picker, which parses no content by default. Checked
 * against: useFilePicker of 3.20 (frontend/src/AppBuilder/Widgets/FilePicker).
 */
export const pickedFile = ({ name, type, size, lastModified }, content, base64Data) => ({
  name,
  type,
  size,
  lastModified,
  lastModifiedDate: new Date(lastModified).toISOString(),
  webkitRelativePath: '',
  content,
  base64Data,
  parsedValue: null,
  parsedData: null,
  filePath: name,
});
