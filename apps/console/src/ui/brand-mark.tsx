/** The mark of msec: two instances joined under an M. */
export function BrandMark({ size = 20 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" style={{ display: "block", flex: "none" }}>
      <rect width="20" height="20" rx="4.5" fill="#3a47c4" />
      <path
        d="M4.5 14V7.2l5.5 5 5.5-5V14"
        fill="none"
        stroke="#fff"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="4.5" cy="6" r="1.5" fill="#fff" />
      <circle cx="15.5" cy="6" r="1.5" fill="#fff" />
    </svg>
  );
}
