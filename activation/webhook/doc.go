// Package webhook sends messages to destinations by HTTP, signed as Standard
// Webhooks says (https://www.standardwebhooks.com).
//
// It promises that no request leaves for an address that the configuration
// does not allow, whatever a name resolves to at that moment; that an answer
// is read up to a bound and never followed; and that whatever happens is an
// activation.Answer with a reason that shows no secret, nor anything else that
// the other side has written.
//
// The trap: a redirect is not followed, since it would lead past the check of
// who may be asked. It is told as a mistake of the configuration.
package webhook
