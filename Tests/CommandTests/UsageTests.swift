import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct UsageTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.write(Workplace.tiny(rate: "0.05"), to: "tiny.braid")
        let image = HostTensor(name: "image", shape: [1, 1, 28, 28], floats: [Float](repeating: 0.5, count: 784))
        try NumPy.write(image, to: workplace.path("one.npy"))
        try workplace.write(
            "network broken {\n    input image: f32[N, 1, 28, 28]\n    output y = image |> conv: conv(8, 3) |> rellu\n}\n",
            to: "broken.braid")
    }

    /// Exit status 0: done; 1: the input is wrong; 2: bad usage.
    @Test(arguments: [
        ([], 0, ""), (["--help"], 0, ""), (["--version"], 0, ""), (["frobnicate"], 2, "frobnicate"),
        (["describe"], 2, "Missing expected argument '<file>'"), (["describe", "tiny.braid", "--wrong"], 2, "Unknown option '--wrong'"),
        (["describe", "tiny.braid", "--batch", "0"], 2, "--batch must be from 1 to 65536"),
        (["describe", "tiny.braid", "-D", "classes"], 2, "write -D name=value"),
        (["describe", "tiny.braid"], 0, ""), (["describe", "tiny.braid:tiny"], 0, ""),
        (["describe", "tiny.braid", "--network", "tinny"], 1, "did you mean `tiny`?"),
        (["describe", "tiny.braid", "-D", "clases=3"], 1, "did you mean `classes`?"),
        (["describe", "--operators"], 0, ""), (["describe", "--operators", "conv"], 0, ""),
        (["describe", "--operators", "covn"], 2, "did you mean 'conv'?"), (["describe", "absent.braid"], 1, "cannot read 'absent.braid'"),
        (["describe", "--operators", "absent.braid"], 1, "cannot read 'absent.braid'"),
        (["describe", "."], 1, "'.'"),
        (["check", "tiny.braid"], 0, ""), (["check", "broken.braid"], 1, "did you mean `relu`?"),
        (["lint", "tiny.braid"], 0, ""), (["lint", "broken.braid"], 1, "did you mean `relu`?"), (["lint"], 2, "name a file to look at"),
        (["lint", "tiny.braid", "--except", "wrong_gains"], 2, "did you mean 'wrong_gain'?"), (["lint", "absent.braid"], 1, "cannot read"),
        (["lint", "--rules"], 0, ""),
        (["lint", "tiny.braid", "--plot", "gradients.txt"], 2, "--plot takes a path that ends in .svg or .png"),
        (["lint", "tiny.braid", "--measured", "results/tiny"], 2, "--measured needs --plot"),
        (["lint", "tiny.braid", "--plot", "absent/gradients.svg"], 1, "absent"),
        (["format"], 2, "Missing expected argument '<file> ...'"), (["format", "--check", "tiny.braid"], 0, ""),
        (["format", "absent.braid"], 1, "cannot read 'absent.braid'"),
        (["dump", "tiny.braid"], 2, "give either --stage or --dump-after"),
        (["dump", "tiny.braid", "--stage", "machine"], 2, "'machine' is invalid"),
        (["dump", "tiny.braid", "--stage", "graph", "--target", "vax"], 2, "there is no target 'vax'"),
        (["dump", "tiny.braid", "--dump-after", "fudge"], 1, "it has decompose"),
        (["profile", "tiny.braid", "--rows", "0"], 2, "--rows must be from 1"),
        (["profile", "tiny.braid", "--roofline", "absent/roof.svg"], 1, "absent"),
        (["diff", "tiny.braid"], 2, "say what to compare with"),
        (["diff", "tiny.braid", "--with", "speed=high"], 2, "--with takes precision, numerics, threads or target"),
        (["diff", "tiny.braid", "--with", "precision=f16"], 2, "precision is f32 or bf16"),
        (["diff", "tiny.braid", "--with", "target=vax"], 2, "--with target: there is no target 'vax'"),
        (["diff", "tiny.braid", "--with", "target=aarch64-neon"], 1, "which this machine has not"),
        (["diff", "tiny.braid", "--with", "threads=0"], 2, "threads are from 1 to 1024"),
        (["diff", "tiny.braid", "--tensors", "absent.npz"], 1, "absent.npz"), (["diff", "tiny.braid", "--with", "threads=3"], 0, ""),
        (["bisect", "tiny.braid", "--batch", "0"], 2, "batch"), (["bisect", "tiny.braid"], 0, ""),
        (["explain", "tiny.braid"], 2, "say what to explain"), (["explain", "tiny.braid:1"], 1, "comes of line 1"),
        (["explain", "tiny.braid:0"], 2, "lines count from 1"), (["explain", "tiny.braid:99"], 1, "has no line 99"),
        (["explain", "tiny.braid:2", "--node", "x"], 2, "give one of a line and --node"),
        (["explain", "tiny.braid", "--node", "nowhere"], 1, "is labelled 'nowhere'"),
        (["explain", "tiny.braid", "--kernel", "none"], 1, "has a kernel called 'none'"),
        (["explain", "tiny.braid", "--at", "tiny.braid"], 2, "--at wants FILE:LINE"),
        (["explain", "tiny.braid", "--at", "other.braid:1"], 1, "was read from no file 'other.braid'"),
        (["explain", "tiny.braid:2", "--show", "everything"], 2, "is no text of a kernel"),
        (["view"], 2, "Missing expected argument '<file>'"), (["view", "broken.braid"], 1, "did you mean `relu`?"),
        (["view", "absent.braid"], 1, "cannot read 'absent.braid'"),
        (["view", "tiny.braid", "-o", "absent/page.html"], 1, "absent/page.html"),
        (["view", "tiny.braid", "--seconds", "1"], 2, "--seconds is for --profile"),
        (["view", "tiny.braid", "--batch", "0"], 2, "--batch must"),
        (["view", "tiny.braid", "--watched", "absent.csv"], 1, "there is no such file"),
        (["view", "tiny.braid", "--watched", "tiny.braid"], 1, "this is no table of watched layers"),
        (["view", "tiny.braid", "--network", "tinny"], 1, "did you mean `tiny`?"),
        (["run", "tiny.braid"], 2, "give an --input"), (["run", "tiny.braid", "--input", "x=y.png"], 1, "has no input 'x'"),
        (["run", "tiny.braid", "--input", "absent.png"], 1, "there is no such file"),
        (["run", "tiny.braid", "--input", "tiny.braid"], 1, "this is no picture in one of the formats"),
        (["train", "tiny.braid", "--data", "minst:x"], 2, "is no kind of data set"),
        (["train", "tiny.braid", "--data", "mnist:absent"], 1, "braid data fetch mnist --to absent"),
        (["train", "tiny.braid", "--data", "builtin:digits", "--checkpoint-every", "often"], 2, "write a number of steps"),
        (["evaluate", "tiny.braid", "--data", "builtin:digits"], 2, "--weights"),
        (["evaluate", "tiny.braid", "--data", "builtin:digits", "--weights", "tiny.braid"], 1, "safetensors"),
        (["bench", "tiny.braid", "--threads", "0"], 2, "--threads must be from 1 to 1024"),
        (["bench", "tiny.braid", "--seconds=-1"], 2, "--seconds must be from 0 to 3600"),
        (["bench", "tiny.braid", "--seconds", "-1"], 2, "--seconds must be from 0 to 3600, not -1"),
        (["train", "tiny.braid", "--data", "builtin:digits", "--epochs", "-1"], 2, "--epochs must be from 1 to 100000, not -1"),
        (["train", "tiny.braid", "--data", "builtin:digits", "--seed", "-1"], 2, "'-1' is invalid for '--seed"),
        (["describe", "tiny.braid", "--batch", "-2"], 2, "--batch must be from 1 to 65536, not -2"),
        (["evaluate", "tiny.braid", "--weights", "w", "--data", "builtin:digits", "--batch", "-1"], 2, "--batch must be"),
        (["run", "tiny.braid", "--top", "-1", "--input", "one.npy"], 2, "--top must be 1 or more, not -1"),
        (["tune", "tiny.braid", "--candidates", "-1.5"], 2, "'-1.5' is invalid for '--candidates"),
        (["describe", "tiny.braid", "-1"], 2, "Unknown option '-1'"), (["describe", "tiny.braid", "--json", "-1"], 2, "--json"),
        (["describe", "tiny.braid", "-D", "classes=3.0"], 1, "`classes` must be an integer, not `3.0`"),
        (["bench", "tiny.braid", "--input", "absent.npy"], 1, "there is no such file"),
        (["bench", "tiny.braid", "--input", "one.npy", "--batch", "2"], 1, "give --batch 1"),
        (["bench", "tiny.braid", "--input", "one.npy", "--seconds", "0", "--runs", "1"], 0, ""),
        (["bench", "tiny.braid", "--simulate-threads", "1,,2"], 2, "not '1,,2'"),
        (["bench", "tiny.braid", "--simulate-threads", "0"], 2, "--simulate-threads takes numbers from 1 to 1024"),
        (["bench", "tiny.braid", "--simulate-threads", "2", "--train"], 2, "--simulate-threads measures nothing"),
        (["bench", "tiny.braid", "--compare", "absent.json"], 1, "there is no such file"),
        (["bench", "tiny.braid", "--compare", "tiny.braid"], 1, "name a file that `braid bench --save` wrote"),
        (["tune"], 2, "give either a file, --show, --clear or --machine"), (["tune", "tiny.braid", "--show"], 2, "give either a file"),
        (["tune", "tiny.braid", "--candidates", "0"], 2, "--candidates must be from 1 to 64"),
        (["tune", "tiny.braid", "--machine"], 2, "--machine measures no network"),
        (["tune", "--machine", "--show", "--clear"], 2, "give either --show or --clear"),
        (["tune", "--machine", "--target", "host,no-dot"], 2, "leave out --target"),
        (["tune", "absent.braid"], 1, "cannot read 'absent.braid'"), (["tune", "--show"], 0, ""), (["tune", "--clear"], 0, ""),
        (["export", "tiny.braid"], 2, "Missing expected argument '--output <path>'"),
        (["export", "tiny.braid", "-o", "absent/tiny.onnx"], 1, "absent"),
        (["import", "absent.onnx"], 1, "there is no such file"), (["import", "tiny.braid"], 2, "does not end in .onnx"),
        (["run", "tiny.braid", "--prepare", "mean: 1", "--input", "one.npy"], 1, "std"),
        (["weights"], 2, "Missing expected argument '<file>'"), (["weights", "absent.pth"], 1, "there is no such file"),
        (["weights", "one.npy"], 1, "this is a NumPy array, not weights (safetensors, .pth or .npz)"),
        (["weights", "convert", "one.npy"], 2, "Missing expected argument '<out>'"),
        (["weights", "convert", "a.pth", "b.pth"], 2, "the file to write ends in .safetensors or .npz, not 'b.pth'"),
        (["weights", "convert", "a.pth", "b.npz", "--type", "bf16"], 2, "NumPy has no bf16"),
        (["weights", "convert", "a.pth", "b.npz", "--type", "i8"], 2, "'i8' is invalid for '--type"),
        (["weights", "convert", "a.pth", "b.safetensors", "--compress"], 2, "--compress is for .npz archives"),
        (["weights", "convert", "a.pth", "b.npz", "--map", "fc"], 2, "--map: 'fc' maps no names; write OLD=NEW"),
        (["weights", "compare", "absent.pth", "b.npz"], 1, "there is no such file"),
        (["weights", "compare", "a", "b", "--tolerance", "-1"], 2, "--tolerance must be 0 or more, not -1.0"),
        (["weights", "prune", "a.pth", "b.npz"], 2, "either --keep PATTERN or --drop PATTERN"),
        (["run", "tiny.braid", "--input", "one.npy", "--map", "a=b"], 2, "--map renames tensors of --weights: give both"),
        (["bisect", "tiny.braid", "--map", "a=b"], 2, "give both"),
        (["diff", "tiny.braid", "--with", "threads=1", "--map", "a=b"], 2, "give both"),
        (["train", "tiny.braid", "--data", "builtin:digits", "--map", "a=b"], 2, "give both"),
        (["data", "fetch", "imagenet", "--to", "x"], 2, "there are mnist, fashion-mnist"),
        (["data", "fetch", "mnist", "--to", "m", "--mirror", "http://127.0.0.1:9/none"], 1, "http://127.0.0.1:9/none"),
        (["data", "show", "builtin:letters"], 2, "write builtin:digits"),
        (["data", "show", "builtin:digits", "--epoch", "2"], 2, "--epoch are about the network of --for"),
        (["data", "show", "builtin:digits", "--for", "tiny.braid", "--epoch", "0"], 2, "--epoch must be from 1 to 1000000, not 0"),
        (["data", "show", "builtin:digits", "--held-out", "0.1"], 1, "leave out --held-out"),
        (["data", "describe", "folder:absent"], 1, "there is no such folder"),
        (["data", "bench", "builtin:digits", "--seconds", "-1"], 2, "--seconds must be from 0 to 3600"),
        (["data", "bench", "builtin:digits", "-D", "classes=3"], 2, "about the network of --for"),
    ])
    func exits(arguments: [String], status: Int, message: String) throws {
        let result = try workplace.run(arguments)
        #expect(result.status == Int32(status), "\(arguments): \(result.errors)")
        #expect(message.isEmpty || result.errors.contains(message), "\(arguments): \(result.errors)")
        #expect(status == 0 || arguments.first == "check" || result.output.isEmpty, "\(arguments): \(result.output)")
        #expect(!(result.output + result.errors).contains("\u{1B}"), "colour without a terminal")
    }

    /// A text of kernels has no graph, which is what the commands say that need one.
    @Test(arguments: [
        ["run"], ["run", "--input", "one.npy"], ["train", "--data", "builtin:digits"], ["describe"], ["bench"], ["overfit"], ["plan"],
        ["explain", "--node", "a"], ["view"], ["profile"], ["diff", "--with", "threads=1"], ["bisect"],
        ["evaluate", "--data", "builtin:digits", "--weights", "w.safetensors"], ["dump", "--stage", "plan"],
    ])
    func kernelsAreNoGraph(arguments: [String]) throws {
        let kernels = try workplace.run("dump", "tiny.braid", "--stage", "kernels", "-o", "tiny.kernels")
        #expect(kernels.status == 0, "\(kernels.errors)")
        let result = try workplace.run([arguments[0], "tiny.kernels"] + arguments.dropFirst())
        let message = arguments[0] == "describe" ? "loop nests have no layers" : "'tiny.kernels' is a text of kernels"
        #expect(result.status == 1 && result.errors.contains(message), "\(arguments): \(result.errors)")
        #expect(try workplace.run("check", "tiny.kernels").output == "tiny.kernels: nothing wrong\n")
    }

    /// Labels of `braid run` are classes of the scores that the loss compares them with.
    @Test func labelsAreClasses() throws {
        try workplace.write(
            "network n {\n    input x: f32[N, 4]\n    input label: i32[N]\n    let scores = x |> fc: linear(5)\n"
                + "    output loss = cross_entropy(scores, label)\n}\n", to: "net.braid")
        try NumPy.write(HostTensor(name: "x", shape: [3, 4], floats: [Float](repeating: 1, count: 12)), to: workplace.path("x.npy"))
        for stage in ["net.braid", "net.graph", "net.optimized"] {
            if stage != "net.braid" {
                let dumped = try workplace.run(
                    "dump", "net.braid", "--stage", stage == "net.graph" ? "graph" : "optimized", "-o", stage)
                #expect(dumped.status == 0, "\(dumped.errors)")
            }
            for (label, isClass) in [(0, true), (4, true), (5, false), (-1, false), (100, false), (-100, false)] {
                let labels = HostTensor(shape: [3], int32s: [1, Int32(label), 2])
                try NumPy.write(labels, to: workplace.path("label.npy"))
                let result = try workplace.run("run", stage, "--input", "x=x.npy", "--input", "label=label.npy")
                #expect(result.status == (isClass ? 0 : 1), "\(stage) \(label): \(result.errors)")
                let message = "label.npy: value 1 of the input 'label' is \(label), which is none of the 5 classes"
                #expect(isClass || result.errors.contains(message), "\(result.errors)")
            }
        }
    }

    @Test(arguments: [
        ([], ["conv(x, channels, kernel, stride: 1, pad: 0,", "leaky_relu(x, slope = 0.01)", "stays dead", "tanh(x)"]),
        (["max_pool"], ["Takes the largest element", "the window's height and width", "the kernel's size if left out", "\"same\""]),
        (["batchnorm"], ["owns weight", "one scale a channel", "epsilon", "1e-05"]),
        (["gelu"], ["Gaussian"]),
    ])
    func describesOperators(names: [String], parts: [String]) throws {
        let result = try workplace.run(["describe", "--operators"] + names)
        #expect(result.status == 0 && result.errors.isEmpty)
        for part in parts { #expect(result.output.contains(part), "\(part): \(result.output)") }
        #expect(names.isEmpty || !result.output.contains("ACTIVATIONS"))
        #expect(result.output.split(separator: "\n").allSatisfy { !$0.hasPrefix(" ") || $0.count <= 100 })
    }

    @Test(arguments: [
        "", "check", "lint", "format", "describe", "view", "dump", "explain", "profile", "diff", "bisect", "run", "train", "evaluate",
        "overfit",
        "bench",
        "tune", "data",
        "data fetch",
        "data bench", "data describe", "data show", "weights", "weights list", "weights compare", "weights convert", "weights prune",
        "runs", "runs list", "runs compare", "runs plot", "plan", "lr-find", "fine-tune",
        "cache",
        "cache show",
        "cache clear",
        "lsp", "version",
    ])
    func helps(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let result = try workplace.run(words + ["--help"])
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(command.isEmpty || command == "data" || result.output.contains("EXAMPLES\n  braid \(command)"))
        let name = "help" + words.map { "-" + $0 }.joined()
        try Golden.check(result.output, Golden.folder("Cases/\(name).expected", beside: #filePath))
    }

    /// A sound network learns one batch by heart; a rate that is far too high is told.
    @Test func overfits() throws {
        let record = try workplace.run("overfit", "tiny.braid", "--steps", "12", "--rate", "0.05", "--json").json()
        #expect((record["losses"] as? [Double])?.count == 12)
        #expect(record["is_finite"] as? Bool == true && record["falls"] as? Bool == true)
        let failed = try workplace.run("overfit", "tiny.braid", "--rate", "1e30")
        #expect(failed.status == 1 && failed.output.contains("lower the rate"))
    }

    /// What was tuned is shown, used and forgotten; a damaged file is told of and stops nothing.
    @Test func tunes() throws {
        let record = try workplace.run("tune", "tiny.braid", "--seconds", "0", "--candidates", "2", "--json").json()
        #expect(record["network"] as? String == "tiny" && (record["layers"] as? [Any])?.isEmpty == false)
        let shown = try workplace.run("tune", "--show", "--json").json()
        let path = try #require(shown["path"] as? String)
        #expect(path.hasPrefix(workplace.folder) && FileManager.default.fileExists(atPath: path))
        try "nonsense".write(toFile: path, atomically: true, encoding: .utf8)
        let bench = ["bench", "tiny.braid", "--seconds", "0", "--runs", "1"]
        let warned = try workplace.run(bench)
        #expect(warned.status == 0 && warned.errors.contains("warning: measurements are not used"), "\(warned.errors)")
        #expect(try workplace.run(bench + ["--untuned"]).errors.isEmpty)
        #expect(try workplace.run("tune", "--show").status == 1)
        #expect(try workplace.run("tune", "--clear").output.hasPrefix("removed"))
        #expect(try workplace.run("tune", "--show").output == "nothing is kept for this machine\n")
    }

    /// What was measured of the machine is shown, used and forgotten; a damaged file is told of once and stops nothing.
    @Test func measuresTheMachine() throws {
        #expect(try workplace.run("tune", "--machine", "--show").output.hasPrefix("this machine was not measured"))
        let bench = ["bench", "tiny.braid", "--seconds", "0", "--runs", "1", "--threads", "1", "--per-kernel"]
        func model(_ arguments: [String] = []) throws -> String? {
            try (workplace.run(bench + ["--json"] + arguments).json()["machine"] as? [String: Any])?["cost_model"] as? String
        }
        let known = try #require(try model())
        #expect(try workplace.run("version").output.contains("cost model    \(known), not measured here"))
        let text = try workplace.run("tune", "--machine", "--seconds", "0", "--quiet")
        #expect(text.status == 0 && text.output.contains("reads from memory") && text.output.contains("kept in \(workplace.folder)"))
        let record = try workplace.run("tune", "--machine", "--show", "--json").json()
        let path = try #require(record["path"] as? String)
        let speed = try #require(record["speed"] as? [String: Any])
        let source = try #require(speed["source"] as? String)
        #expect(source.hasPrefix("measured 2") && FileManager.default.fileExists(atPath: path))
        #expect((record["known"] as? [String: Any])?["source"] as? String == known)
        for (arguments, expected) in [([], source), (["--untuned"], known), (["--target", "host,no-dot"], source)] {
            #expect(try model(arguments) == expected, "\(arguments)")
        }
        #expect(try workplace.run("version", "--json").json()["cost_model"] as? String == source)
        let report = try workplace.run(bench)
        #expect(report.output.contains("figures \(source)") && report.output.contains("predicted within 15 % for "), "\(report.output)")
        // Choices are those of the figures that they were measured beside.
        #expect(try workplace.run("tune", "tiny.braid", "--seconds", "0", "--candidates", "1", "--quiet").status == 0)
        #expect(try workplace.run("tune", "--show").errors.isEmpty)
        try "nonsense".write(toFile: path, atomically: true, encoding: .utf8)
        let warned = try workplace.run(bench)
        #expect(warned.status == 0 && warned.errors.components(separatedBy: "warning: what was measured of this machine").count == 2)
        #expect(warned.output.contains("figures of \(known)"))
        #expect(try workplace.run(bench + ["--untuned"]).errors.isEmpty)
        #expect(try workplace.run("tune", "--machine", "--show").status == 1)
        #expect(try workplace.run("tune", "--machine", "--clear").output == "removed \(path)\n")
        #expect(try workplace.run("tune", "--machine", "--clear").output == "this machine was not measured\n")
        // What was tuned beside those figures goes with the rest.
        #expect(try workplace.run("tune", "--clear").status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: workplace.path("tuning")).allSatisfy { $0.hasSuffix(".lock") })
    }

    @Test func describesAsJSON() throws {
        let record = try workplace.run("describe", "tiny.braid", "--json", "-D", "classes=7").json()
        // 5x5 kernels at 8 x 8 places for 8 channels, then 512 values for each of 7 classes.
        #expect(record["macs"] as? Int == 25 * 8 * 64 + 512 * 7)
        #expect(record["parameters"] as? Int == 25 * 8 + 16 + 512 * 7 + 7)
        let layers = try #require(record["layers"] as? [[String: Any]])
        #expect(layers.first?["label"] as? String == "first" && layers.last?["operator"] as? String == "linear")
        #expect((layers.last?["shape"] as? [Any])?.last as? Int == 7)
    }

    @Test func formats() throws {
        let formed = "block b(x) { x + 1 }\n"
        try workplace.write("block b(x){x+1}", to: "loose.braid")
        try workplace.write("block b(x){x+", to: "cut.braid")
        let check = try workplace.run("format", "--check", "loose.braid", "tiny.braid")
        #expect(check.status == 1 && check.output == "loose.braid\n" && check.errors.isEmpty)
        #expect(try workplace.bytes("loose.braid") == Data("block b(x){x+1}".utf8))

        let result = try workplace.run("format", "cut.braid", "loose.braid")
        #expect(result.status == 1 && result.output.isEmpty && result.errors.contains("cut.braid:1:"))
        #expect(try workplace.bytes("loose.braid") == Data(formed.utf8))
        #expect(try workplace.bytes("cut.braid") == Data("block b(x){x+".utf8))

        let piped = try workplace.run(["format", "-"], input: "block b(x){x+1}")
        #expect(piped.status == 0 && piped.output == formed)
        #expect(try workplace.run(["format", "-"], input: "block").errors.contains("<stdin>:1:"))
    }

    @Test func checksAsJSON() throws {
        let result = try workplace.run("check", "broken.braid", "tiny.braid", "--json")
        let record = try result.json()
        #expect(result.status == 1 && record["errors"] as? Int == 1)
        let files = try #require(record["files"] as? [[String: Any]])
        let found = try #require(files[0]["diagnostics"] as? [[String: Any]])
        #expect(found.count == 1 && found[0]["line"] as? Int == 3 && (files[1]["diagnostics"] as? [Any])?.isEmpty == true)
    }

    @Test(arguments: [[], ["--train"]]) func measures(flags: [String]) throws {
        let record = try workplace.run(["bench", "tiny.braid", "--batch", "8", "--threads", "2", "--runs", "3", "--json"] + flags).json()
        for key in ["median_ms", "min_ms", "p90_ms", "compile_ms", "peak_rss_mb", "gflops"] {
            #expect((record[key] as? Double ?? 0) > 0, "\(key)")
        }
        #expect(record["batch"] as? Int == 8 && record["threads"] as? Int == 2 && (record["runs"] as? Int ?? 0) >= 3)
    }

    /// A saved measurement beside a later one, as text and as JSON.
    @Test func comparesMeasurements() throws {
        let measure = ["bench", "tiny.braid", "--threads", "1", "--runs", "3", "--seconds", "0.1", "--per-kernel"]
        let first = try workplace.run(measure + ["--save", "before.json"])
        #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
        for part in ["peak with 1 thread: FMA ", "of peak", "direct", "first conv", "fc linear", "100.0 %"] {
            #expect(first.output.contains(part), "\(part): \(first.output)")
        }
        let saved = try workplace.run(measure + ["--compare", "before.json", "--save", "now.json", "--batch", "2"])
        #expect(saved.status == 0 && saved.errors == "warning: another batch: 1 then, 2 now\n", "\(saved.errors)")
        for part in ["beside before.json, measured 20", "  median ", "  fastest ", " then, "] {
            #expect(saved.output.contains(part), "\(part): \(saved.output)")
        }
        let record = try workplace.run(measure + ["--compare", "now.json", "--batch", "2", "--json"]).json()
        let comparison = try #require(record["comparison"] as? [String: Any])
        #expect((comparison["ratio"] as? Double ?? 0) > 0 && (comparison["warnings"] as? [Any])?.isEmpty == true)
        #expect((comparison["kernels"] as? [Any])?.isEmpty == false)
        let steps = try #require(record["steps"] as? [[String: Any]])
        let macs = steps.compactMap { $0["macs"] as? Int }.reduce(0, +)
        #expect(macs == 2 * (25 * 8 * 64 + 512 * 10))
        let peak = try #require(record["peak"] as? [String: Any])
        #expect((peak["gigaflops"] as? Double ?? 0) > 0)
        let refused = try workplace.run(measure + ["--save", "absent/now.json"])
        #expect(refused.status == 1 && refused.errors.contains("absent/now.json"))
    }

    /// The errors of contractions, as text, as JSON and in a file that reads back.
    @Test func measuresErrors() throws {
        let measure = ["bench", "tiny.braid", "--threads", "1", "--runs", "1", "--seconds", "0", "--errors", "--save", "errors.json"]
        let text = try workplace.run(measure)
        #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
        for part in ["errors against fp64, numerics default", "rms error", "of stated", "first conv", "fc linear"] {
            #expect(text.output.contains(part), "\(part): \(text.output)")
        }
        let record = try workplace.run(measure + ["--compare", "errors.json", "--json"]).json()
        let errors = try #require(record["errors"] as? [[String: Any]])
        #expect(errors.count == 2)
        for error in errors {
            let (size, stated) = (error["root_mean_square"] as? Double ?? 0, error["stated"] as? Double ?? 0)
            #expect(size > 0 && size < 4 * stated && error["terms"] as? Int ?? 0 > 0, "\(error)")
        }
    }

    @Test func studiesThreads() throws {
        let study = ["bench", "tiny.braid", "--simulate-threads", "1,4", "--target", "aarch64-neon"]
        let text = try workplace.run(study)
        #expect(text.status == 0 && text.output.contains("steps that lose the most of 4 cores"), "\(text.errors)")
        let machines = try #require(try workplace.run(study + ["--json"]).json()["machines"] as? [[String: Any]])
        #expect(machines.map { $0["cores"] as? Int } == [1, 4] && machines[0]["speedup"] as? Double == 1)
    }

    /// A reader that goes away is no failure.
    @Test func survivesAClosedPipe() throws {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        shell.arguments = ["-c", "'\(Workplace.command.path)' dump tiny.braid --stage llvm | head -1 > /dev/null; exit ${PIPESTATUS[0]}"]
        shell.currentDirectoryURL = URL(filePath: workplace.folder)
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
    }

    /// Every text stage but the first two can be read back and printed again, the same.
    @Test(arguments: ["graph", "training", "optimized", "kernels"]) func readsItsOwnStages(stage: String) throws {
        let first = try workplace.run("dump", "tiny.braid", "--stage", stage)
        #expect(first.status == 0 && !first.output.isEmpty, "\(first.errors)")
        try workplace.write(first.output, to: "stage.txt")
        // A training step's text is a whole graph already, which only the next stages know how to go on from.
        let second = try workplace.run("dump", "stage.txt", "--stage", stage == "training" ? "optimized" : stage)
        #expect(second.status == 0, "\(second.errors)")
        if stage != "training" { #expect(second.output == first.output) }
    }
}
