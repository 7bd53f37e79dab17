// Package account keeps what a backfill costs: what was read of the archive,
// how long its engine worked, and what did not have to be done.
//
// It promises that what failed is told apart from what counts: scanned is all
// that was read, billable is what of it was kept. Accounts of several attempts
// add up to one.
//
// The trap: engine seconds are those of tasks, added up. Two workers that are
// busy for a second are two engine seconds.
package account
