// Package protocol is SimplySocket's contract on the wire: the envelope, the
// actions, the codes of errors and closes, and the form of names. It knows no
// connection and no room.
//
// Each message is one text frame with one JSON object, the envelope:
//
//	{
//	  "action": "send-message",       what to do
//	  "message_body": {"text": "hi"}, an object of the application
//	  "IsTargetClient": false,        whether target is a client
//	  "target": "chat/general",       a room or a client's slug
//	  "sender": "kx3v...",            stamped by the server
//	}
//
// and further keys that Envelope and Header document. [Parse] reads what a client
// sends, [ParseServer] what a server sends, [AppendEnvelope] writes. All functions
// may be called concurrently.
package protocol
