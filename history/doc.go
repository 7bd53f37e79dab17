// Package history backfills segments: it replays an archive of events through
// the engine that runs live, up to an instant, and tells who is in which
// segment then.
//
// The way of an archive: it is listed once, into a manifest (manifest.go). Each
// object is decoded, cut down to what the rules read, and kept as a sorted run
// (object.go). The sorted runs are merged, and each profile's events are
// replayed, in order of arrival, through a pipeline.Shard by its Driver
// (feeder.go). Profiles are kept in slices of virtual shards (slice.go), and
// from these the members of each segment are gathered (members.go). Everything
// is kept in the work directory, a folder or a part of a bucket (work.go), under
// keys that are digests of what it was made of: what is there is not made again,
// after a kill as for another request.
//
// It promises that the same request gives the same bytes, however often it was
// killed and however many workers there are; that members are those that a
// service has which got all records in order of arrival; that memory does not
// grow with the archive; and that what can't be used is told by its key and
// line, and kept with the dead letters.
//
// The trap: an order of arrival needs arrivals. Records that have no receivedAt,
// in archives that tell none, count as arrived when they happened, so nothing of
// them is late.
package history
