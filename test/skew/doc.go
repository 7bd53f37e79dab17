// Package skew measures what one hot profile costs its shard: most of the
// traffic from one customer, compared with the same traffic from many, on a
// real Redis.
//
// It has a benchmark only, with one result: make bench PART=skew.
//
// The trap: a hot profile is one profile a batch to write, so it could cost
// less than many do. What it could cost more is its size: it must have grown
// to its bounds before anything is measured.
package skew
