// Package archive reads the objects of an archive of events: where they are, a
// Bucket, which of them are read and what their names tell, a Layout, and
// what records are in each, Read. It knows no engine and decodes no event.
//
// It promises that a record's bytes are those that the writer of the archive
// was given, that an object is read as it was listed or not at all, and that
// what can't be read is told with its key and line: nothing is passed over in
// silence. Memory is bounded by MaxRecord for each object that is being read,
// whatever the object's size; a Parquet object that comes from a network
// needs its size in the folder for temporary files.
//
// The trap: an error of Read that is not a *Broken says nothing about the
// object. The connection broke, or the object changed, so reading it another
// time, or listing it anew, can help; a *Broken will be the same next time.
package archive
