package endpoint

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestServeIsNetHTTP: whatever comes, the answers are those of net/http.
func TestServeIsNetHTTP(t *testing.T) {
	up := upgradeRequest
	frame := "\x81\x82\x00\x00\x00\x00hi"
	const plain = "GET /see HTTP/1.1\r\nHost: x\r\n\r\n"
	whole := up("/hub") + frame
	bytewise := strings.Split(up("/hub"), "")
	cases := map[string][]string{
		"hub":                       {up("/hub"), frame},
		"hub, handshake glued":      {whole},
		"hub, negotiated wrong":     {up("/hub?id=x")},
		"line":                      {up("/line"), frame},
		"line, glued":               {up("/line") + frame},
		"two segments":              {whole[:70], whole[70:]},
		"byte by byte":              append(bytewise[:12:12], strings.Join(bytewise[12:], ""), frame),
		"wrong version":             {strings.Replace(up("/hub"), "Version: 13", "Version: 8", 1)},
		"wrong version, line":       {strings.Replace(up("/line"), "Version: 13", "Version: 8", 1), plain},
		"no key":                    {strings.Replace(up("/line"), "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 1)},
		"foreign origin":            {up("/hub", "Origin: http://evil.example\r\n")},
		"foreign origin, line":      {up("/line", "Origin: http://evil.example\r\n"), plain},
		"own origin":                {up("/hub", "Origin: http://localhost\r\n"), frame},
		"two hosts":                 {up("/hub", "Host: other\r\n")},
		"no host":                   {strings.Replace(up("/hub"), "Host: localhost\r\n", "", 1)},
		"empty host":                {strings.Replace(up("/hub"), "Host: localhost\r\n", "Host:\r\n", 1)},
		"strange host":              {strings.Replace(up("/see"), "Host: localhost\r\n", "Host: a b\r\n", 1)},
		"slash in host":             {strings.Replace(up("/see"), "Host: localhost\r\n", "Host: a/b\r\n", 1)},
		"rebinding host":            {strings.Replace(up("/hub"), "Host: localhost\r\n", "Host: evil.example\r\n", 1)},
		"HTTP/1.0":                  {strings.Replace(up("/hub"), "HTTP/1.1", "HTTP/1.0", 1)},
		"HTTP/1.2":                  {strings.Replace(up("/hub"), "HTTP/1.1", "HTTP/1.2", 1)},
		"POST":                      {strings.Replace(up("/hub"), "GET", "POST", 1)},
		"body":                      {up("/see", "Content-Length: 5\r\n") + "hello" + plain},
		"empty body":                {up("/see", "Content-Length: 0\r\n") + plain},
		"two lengths":               {up("/see", "Content-Length: 5\r\n", "Content-Length: 6\r\n") + "hello"},
		"chunked":                   {up("/see", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n" + plain},
		"smuggled length":           {up("/see", "Transfer-Encoding: chunked\r\n", "Content-Length: 3\r\n") + "0\r\n\r\n" + plain},
		"strange encoding":          {up("/see", "Transfer-Encoding: xchunked\r\n")},
		"encoding with a space":     {up("/see", "Transfer-Encoding : chunked\r\n") + "0\r\n\r\n"},
		"expect":                    {up("/see", "Expect: 100-continue\r\n")},
		"expect other":              {up("/see", "Expect: wonders\r\n")},
		"trailer":                   {up("/see", "Trailer: X\r\n")},
		"NUL in a header":           {up("/see", "X-A: a\x00b\r\n")},
		"CR in a header":            {up("/see", "X-A: a\rb\r\n")},
		"LF alone":                  {strings.ReplaceAll(up("/see"), "\r\n", "\n")},
		"one LF alone":              {up("/see", "X-A: b\n")},
		"folded":                    {up("/see", "X-A: a\r\n b\r\n")},
		"folded first":              {strings.Replace(up("/see"), "Host:", " Host:", 1)},
		"tab":                       {up("/see", "X-A:\ta\tb\r\n")},
		"latin":                     {up("/see", "X-A: \xe4\xf6\r\n")},
		"name with a space":         {up("/see", "X A: b\r\n")},
		"no name":                   {up("/see", ": b\r\n")},
		"no colon":                  {up("/see", "hello\r\n")},
		"underscore":                {up("/see", "x_a: b\r\n")},
		"pragma":                    {up("/see", "Pragma: no-cache\r\n")},
		"many headers":              {up("/see", "x-a: 1\r\n", "X-A:  2 \r\n", "cookie: a=b\r\n", "COOKIE: c=d\r\n")},
		"absolute form":             {strings.Replace(up("/hub"), "/hub", "http://localhost/hub", 1)},
		"absolute form, other host": {strings.Replace(up("/see"), "/see", "http://other/see", 1)},
		"asterisk":                  {strings.Replace(up("/hub"), "/hub", "*", 1)},
		"double slash":              {up("//see")},
		"query":                     {up("/see?a=b&c=%20d")},
		"semicolon":                 {up("/see?a=b;c=d")},
		"bad escape":                {up("/%zz")},
		"fragment":                  {up("/see#x")},
		"spaces in the path":        {up("/se e")},
		"two spaces":                {strings.Replace(up("/see"), " HTTP", "  HTTP", 1)},
		"connection close":          {strings.Replace(up("/see"), "Connection: Upgrade", "Connection: Upgrade, close", 1)},
		"connection keep-alive":     {strings.Replace(up("/see"), "Connection: Upgrade", "Connection: keep-alive, Upgrade", 1)},
		"pipelined behind refusal":  {up("/status?s=401&body=no") + plain + plain},
		"again after refusal":       {up("/status?s=401&body=no"), plain, up("/status?s=403"), up("/hub"), frame},
		"partial after refusal":     {up("/status?s=401&body=no") + "GET /see HT", "TP/1.1\r\nHost: x\r\n\r\n"},
		"refused, then we leave":    {up("/status?s=401&body=no"), "FIN"},
		"all at once and FIN":       {up("/see"), "FIN"},
		"half a head and FIN":       {"GET / HT", "FIN"},
		"nothing and FIN":           {"FIN"},
		"8 KB":                      {up("/see", "X-A: "+strings.Repeat("a", 8<<10)+"\r\n")},
		"exactly a buffer":          {up("/see", "X-A: "+strings.Repeat("a", 3900)+"\r\n")},
		"2 MB":                      {up("/see", "X-A: "+strings.Repeat("a", 2<<20)+"\r\n")},
		"garbage":                   {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n"},
		"HTTP/2 preface":            {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		"plain":                     {plain, plain},
		"plain, then an upgrade":    {plain, up("/hub"), frame},
		"leading CRLF":              {"\r\n" + up("/see")},
		"nowhere":                   {up("/nowhere"), plain},
		"redirected":                {up("/status/../see")},
		"panic":                     {up("/panic")},
		"abort":                     {up("/abort")},
		"showing":                   {up("/showing"), frame},
		"hiding":                    {up("/hiding")},
		"timeout handler":           {up("/timeout")},
		"hijack":                    {up("/hijack") + "early\n"},
		"hijack, later":             {up("/hijack"), "later\n"},
		"late hijack":               {up("/late")},
		"hints":                     {up("/hints"), plain},
		"200 of nothing":            {up("/status"), plain},
		"204":                       {up("/status?s=204&body=x"), plain},
		"304":                       {up("/status?s=304&body=x&Content-Type=a"), plain},
		"999":                       {up("/status?s=999&body=x"), plain},
		"bad status":                {up("/status?s=1&body=x")},
		"declared":                  {up("/status?s=403&Content-Length=3&body=abc"), plain},
		"declared too much":         {up("/status?s=403&Content-Length=30&body=abc"), plain},
		"declared too little":       {up("/status?s=403&Content-Length=2&body=abc")},
		"declared nonsense":         {up("/status?s=403&Content-Length=abc&body=abc"), plain},
		"close by the handler":      {up("/status?s=403&Connection=close&body=abc"), plain},
		"type of the handler":       {up("/status?s=403&Content-Type=a/b&body=abc"), plain},
		"encoding of the handler":   {up("/status?s=403&Content-Encoding=br&body=abc"), plain},
		"date of the handler":       {up("/status?s=403&Date=today&body=abc"), plain},
		"html":                      {up("/status?s=403&body=<html>"), plain},
		"split header of handler":   {up("/status?s=403&X-A=a%0d%0aB:c&body=abc"), plain},
	}
	theirs, ours := newDoorway(t, (*http.Server).Serve, nil), newDoorway(t, Serve, nil)
	var all sync.WaitGroup
	for name, parts := range cases {
		var want, got heard
		var both sync.WaitGroup
		both.Go(func() { want = theirs.say(parts...) })
		both.Go(func() { got = ours.say(parts...) })
		all.Go(func() {
			if both.Wait(); !cmp.Equal(want, got) {
				t.Errorf("%s: - net/http, + Serve:\n%s", name, cmp.Diff(want, got))
			}
		})
	}
	all.Wait()
	if n := strings.Count(ours.said.String(), "panic serving"); n != 2 || !strings.Contains(ours.said.String(), "on purpose") {
		t.Errorf("%d panics in the log, net/http has %d:\n%s", n, strings.Count(theirs.said.String(), "panic serving"), ours.said)
	}
}
