// Stands in the bundle for `restore-cursor`, which writes to stderr whenever the process ends, also where stderr is a file.
// Ink shows the cursor again by itself, on every way out.
export default () => undefined
