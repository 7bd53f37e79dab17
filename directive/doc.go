// Package directive is the form of Muster's own records on the keyed topic:
// those that are no event of a customer, and tell the owner of a shard to
// open a seam, to merge what a run has computed from history, to close the
// seam, or to forget a customer. docs/backfill-seam.md and docs/privacy.md say
// what they mean.
//
// It promises a versioned form that reads back as it was written, and that
// whatever is damaged or of another version is an error, which names what is
// wrong. It knows nothing of what a patch holds.
//
// The trap: the form alone makes no directive. A record is one only with the
// header too, which nothing that comes through a source topic can have.
package directive
