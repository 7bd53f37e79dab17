// Package retail turns the order lines of a real shop, UCI Online Retail,
// into events, and holds the tests that feed all of them through the service
// and compare the outcome with the oracle, that ask a replay of them at many
// instants, and that have a backfill write who is a member, or bring them into a
// service. What insights tell of them is compared with insights.py, a script that
// knows nothing of Muster.
//
// A line is a track of "Product Purchased", or of "Product Returned" when
// its invoice is a cancellation or its quantity negative. Quantity and
// revenue keep the sign of the line, so that the revenue of both together is
// what the shop earned. When the country of a customer is new or another, an
// identify goes before the line. A line without a customer belongs to an
// anonymous profile of its invoice.
//
// It promises that the same file gives the same events with the same
// messageIds: the invoice and the number of the line within it, so that
// equal lines of one invoice stay apart.
//
// The trap: the data is not in the repository. Tests that need it skip where
// it is absent.
package retail
