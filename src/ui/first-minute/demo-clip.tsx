/** Where the embedded clips lie beside the page. */
const CLIPS = 'demo/';

/** A clip of the embedded demo, to be played. */
export function DemoClip({ exampleId }: { exampleId: string }) {
  return (
    // biome-ignore lint/a11y/useMediaCaption: the clips hold a face and a tone without words.
    <video
      className="demo-clip"
      data-testid="demo-clip"
      src={`${CLIPS}${exampleId}`}
      aria-label={`Clip ${exampleId}`}
      controls
      preload="metadata"
      playsInline
    />
  );
}
