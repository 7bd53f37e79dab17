// Package queue keeps the requests of a work directory: what was asked for,
// how far each is, and whose turn it is. Each has a folder below requests/:
//
//	request.json   what was asked for, and by which flags
//	state.json     how far it is, written every few seconds
//	ledger.ndjson  what each attempt has read and made
//	lock           locked by the process that has the request
//	cancel         there while it is asked to stop
//
// Beside them are orders/ID.json: what is to become a request by whoever keeps
// the deployment complete.
//
// It promises that a request has one process at a time, that no more run than
// each process was told to allow, and that whoever was killed is known as such,
// on whichever machine it ran: at once in a folder, where locks are the kernel's and
// end with their process, and after half a minute in a bucket. Requests that wait and
// read the same objects are read for by the first whose turn comes.
//
// The trap: whoever takes a lock does so while holding requests/queue.lock, and in
// a folder whoever asks for one, too. So a look at a lock never keeps anybody from
// taking it, and what is read under that lock belongs together. A shared folder must
// support flock: NFS does from version 4 on. In a bucket a process that can't reach it
// loses its request, and must stop.
package queue
