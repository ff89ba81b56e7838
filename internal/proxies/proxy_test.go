//go:build linux

package proxies_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// proxy is a reverse proxy that Debian packages.
type proxy struct {
	name    string
	pkg     string // of Debian
	program string
	config  string // in testdata
	args    func(config string) []string
	renew   func(*front) error // makes the proxy read the configuration again
}

var proxies = []proxy{
	{
		name: "Caddy", pkg: "caddy", program: "caddy", config: "Caddyfile",
		args: func(config string) []string { return []string{"run", "--adapter", "caddyfile", "--config", config} },
		renew: func(f *front) error {
			cmd := f.command("reload", "--adapter", "caddyfile", "--config", f.config(),
				"--address", "unix/"+filepath.Join(f.dir, "admin.sock"))
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", cmd, err, out)
			}
			return nil
		},
	},
	{
		name: "nginx", pkg: "nginx", program: "nginx", config: "nginx.conf",
		args:  func(config string) []string { return []string{"-c", config} },
		renew: by(syscall.SIGHUP),
	},
	{
		name: "HAProxy", pkg: "haproxy", program: "haproxy", config: "haproxy.cfg",
		args:  func(config string) []string { return []string{"-W", "-f", config} },
		renew: by(syscall.SIGUSR2),
	},
	{
		name: "Apache", pkg: "apache2", program: "apache2", config: "apache.conf",
		args:  func(config string) []string { return []string{"-D", "FOREGROUND", "-f", config} },
		renew: by(syscall.SIGUSR1),
	},
}

// by renews with a signal to the main process.
func by(s syscall.Signal) func(*front) error {
	return func(f *front) error { return f.cmd.Process.Signal(s) }
}

// find returns the program's path. Debian has most of them in a directory that is not in
// the PATH of ordinary users.
func (p *proxy) find() (string, error) {
	path, err := exec.LookPath(p.program)
	if err != nil {
		return exec.LookPath(filepath.Join("/usr/sbin", p.program))
	}
	return path, nil
}

// eachProxy runs a test with the proxies that SIMPLYSOCKET_PROXIES selects: "required"
// means all, "installed" those that are installed, and anything else none.
func eachProxy(t *testing.T, test func(*testing.T, *proxy)) {
	want := os.Getenv("SIMPLYSOCKET_PROXIES")
	if want != "required" && want != "installed" {
		t.Skip("needs real proxies and half a minute; tools/proxies/run runs it")
	}
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			if _, err := p.find(); err != nil {
				missing := fmt.Sprintf("%s is not installed: apt-get install %s, or tools/proxies/run -install", p.name, p.pkg)
				if want == "required" {
					t.Fatal(missing)
				}
				t.Skip(missing)
			}
			t.Parallel()
			test(t, &p)
		})
	}
}

// front is a proxy in front of a backend: a process in the foreground, with its
// files in a directory of its own.
type front struct {
	*proxy
	t          *testing.T
	dir        string
	port       int
	backend    string // host:port
	generation int    // of the configuration
	cmd        *exec.Cmd
	exited     chan struct{} // closed when the process has exited
}

// patience is how long a test waits for something that must happen.
const patience = 30 * time.Second

// stand puts the proxy in front of the backend until the test ends.
func (p *proxy) stand(t *testing.T, backend string) *front {
	t.Helper()
	f := &front{proxy: p, t: t, dir: t.TempDir(), port: holdPort(t), backend: backend}
	t.Cleanup(func() {
		f.end(syscall.SIGKILL)
		if t.Failed() {
			said, _ := os.ReadFile(f.log())
			t.Logf("the last output of %s:\n%s", f.name, said[max(0, len(said)-4096):])
		}
	})
	f.start()
	return f
}

func (f *front) address() string { return fmt.Sprintf("127.0.0.1:%d", f.port) }
func (f *front) config() string  { return filepath.Join(f.dir, f.proxy.config) }
func (f *front) log() string     { return filepath.Join(f.dir, "log") }

// command is the proxy's program in a process group of its own, which includes the
// processes it forks.
func (f *front) command(args ...string) *exec.Cmd {
	f.t.Helper()
	path, err := f.find()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "HOME="+f.dir, "XDG_CONFIG_HOME="+f.dir, "XDG_DATA_HOME="+f.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// start starts the process and waits until it serves.
func (f *front) start() {
	f.t.Helper()
	f.configure()
	// A file instead of a pipe: Wait would wait for all processes that inherited the
	// pipe.
	log, err := os.OpenFile(f.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	defer log.Close()
	cmd := f.command(f.args(f.config())...)
	cmd.Stdout, cmd.Stderr = log, log
	f.exited, err = run(cmd)
	if err != nil {
		f.t.Fatal(err)
	}
	f.cmd = cmd
	f.await()
}

// run starts a process and returns a channel that closes when it has exited. If the test
// dies without cleaning up, the kernel signals the process. It does that when the thread
// that started the process ends, hence the lock.
func run(cmd *exec.Cmd) (exited chan struct{}, err error) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // await reports a process that ends too early
		}
		close(exited)
	}()
	return exited, <-started
}

// end signals the process, waits for its end and kills what remains of its group, as a
// service manager does.
func (f *front) end(s syscall.Signal) {
	f.t.Helper()
	if f.cmd == nil {
		return
	}
	if s == syscall.SIGKILL {
		_ = syscall.Kill(-f.cmd.Process.Pid, s)
	}
	_ = f.cmd.Process.Signal(s)
	select {
	case <-f.exited:
	case <-time.After(patience):
		f.t.Errorf("%s is still running %v after %v", f.name, patience, s)
	}
	_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
	<-f.exited
	f.cmd = nil
}

// configure writes the next generation of the configuration.
func (f *front) configure() {
	f.t.Helper()
	f.generation++
	form, err := template.ParseFiles(filepath.Join("testdata", f.proxy.config))
	if err != nil {
		f.t.Fatal(err)
	}
	file, err := os.Create(f.config())
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	if err := form.Execute(file, map[string]any{
		"Dir":        f.dir,
		"Front":      f.address(),
		"Port":       f.port,
		"Backend":    f.backend,
		"Generation": f.generation,
	}); err != nil {
		f.t.Fatal(err)
	}
}

// reload writes a new configuration and waits until the process serves it.
func (f *front) reload() {
	f.t.Helper()
	f.configure()
	if err := f.renew(f); err != nil {
		f.t.Fatal(err)
	}
	f.await()
}

// await waits until the newest configuration is in effect.
func (f *front) await() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	for {
		if f.serving(ctx) == strconv.Itoa(f.generation) {
			return
		}
		select {
		case <-f.exited:
			f.t.Fatalf("%s has ended: %v", f.name, f.cmd.ProcessState)
		case <-ctx.Done():
			f.t.Fatalf("%s does not serve its configuration %d", f.name, f.generation)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// serving returns the generation of the process that answers a new connection; "" if
// there is none.
func (f *front) serving(ctx context.Context) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.address()+"/", http.NoBody)
	if err != nil {
		f.t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(req)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	return answer.Header.Get("X-Generation")
}
