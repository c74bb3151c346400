import Foundation
import Interchange
import Testing

/// `braid plan`, and what is refused for want of memory.
@Suite struct PlanTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func plan(_ more: String...) throws -> CommandResult { try workplace.run(["plan", "tiny.braid"] + more) }

    @Test func tellsWhatATrainingTakes() throws {
        let result = try plan("--threads", "2", "-o", "memory.svg")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        for part in [
            "Training tiny at a batch of 16 takes ", "parameters ", "optimizer's state ", "statistics ", "inputs ", "scratch ",
            "of 2 threads",
            "evaluating ", "Most is alive at step ", "The largest tensors", " fits to train, a batch of ", " fits to predict.",
            "wrote memory.svg", "┤",
        ] {
            #expect(result.output.contains(part), "\(part): \(result.output)")
        }
        let drawing = String(decoding: try workplace.bytes("memory.svg"), as: UTF8.self)
        #expect(drawing.contains("memory that is alive, in MiB") && drawing.contains(">activations</text>"))
        #expect(try plan("-o", "memory.png").status == 0)
        #expect(try Image(path: workplace.path("memory.png")).width == 1440)
        #expect(try workplace.names() == ["tiny.braid", "data", "memory.svg", "memory.png"])
    }

    /// The same numbers as text and as JSON, for any machine that is named.
    @Test func tellsItAsOneObject() throws {
        let record = try plan("--json", "--target", "x86-64-avx2", "--threads", "1", "--untuned").json()
        let kept = try #require(record["kept"] as? [String: Int])
        // 8 kernels of 5 x 5, a scale and a shift for each of them, 10 classes, padded to 16, of 8 maps of 8 x 8, and their biases; each in
        // whole lines of 64 bytes.
        #expect(kept["weight"] == 13 * 64 + 64 + 64 + 4 * 16 * 512 + 64)
        #expect(kept["optimizer_state"] == kept["weight"] && kept["state"] == 2 * 64)
        let live = try #require(record["live_bytes"] as? [Int])
        #expect(live.count == record["step_count"] as? Int && live.max() == record["arena_lower_bound"] as? Int)
        #expect(record["fits"] as? Bool == true && record["training"] as? Bool == true && record["batch"] as? Int == 16)
        let predicting = try plan("--json", "--inference", "--batch", "3").json()
        #expect(predicting["training"] as? Bool == false && predicting["largest_training_batch"] == nil)
        #expect(predicting["evaluating_bytes"] as? Int == 0 && (predicting["kept"] as? [String: Int])?["optimizer_state"] == nil)
    }

    /// Where a batch does not fit, the status is 1, and what is said to fit does.
    @Test func saysWhatFits() throws {
        let machine = ["--target", "x86-64-avx2", "--threads", "1", "--untuned", "--memory", "1.5MB", "--inference"]
        let refused = try workplace.run(["plan", "tiny.braid", "--batch", "4000"] + machine)
        #expect(refused.status == 1 && refused.errors.hasPrefix("error: 'tiny' at batch 4000 needs "), "\(refused.errors)")
        #expect(refused.errors.contains("and there are 1.4 MiB") && refused.errors.contains("the most takes '"))
        let fitting = try #require(refused.errors.firstMatch(of: /a batch of ([0-9]+) fits/).flatMap { Int($0.1) })
        #expect(fitting > 1)
        for (batch, status) in [(fitting, 0), (fitting + 1, 1)] {
            let result = try workplace.run(["plan", "tiny.braid", "--batch", "\(batch)", "--json"] + machine)
            #expect(result.status == Int32(status), "\(batch): \(result.errors)")
            #expect(try result.json()["fits"] as? Bool == (status == 0) && result.json()["largest_predicting_batch"] as? Int == fitting)
        }
    }

    /// Trainings and runs that do not fit end before they begin, not when the memory is used up.
    @Test func trainsAndRunsOnlyWhatFits() throws {
        try workplace.write(
            Workplace.tiny(rate: "0.05").replacing("conv(8, 5, stride: 3, bias: false)", with: "conv(128, 5, pad: 2, bias: false)"),
            to: "wide.braid")
        let command = Workplace.command.path
        let trained = try workplace.run(
            line: "ulimit -v 8000000; '\(command)' train wide.braid --data mnist:data --batch 20000 -o out --threads 2")
        #expect(trained.status == 1 && trained.errors.hasPrefix("error: training 'tiny' at batch 20000 needs "), "\(trained.errors)")
        #expect(trained.errors.contains("help: a batch of ") && trained.errors.contains("the most takes 'fc': "))
        #expect(trained.errors.contains("of it are for evaluating beside the training"))
        try NumPy.write(
            HostTensor(shape: [20_000, 1, 28, 28], floats: [Float](repeating: 0, count: 20_000 * 784)), to: workplace.path("x.npy"))
        let ran = try workplace.run(line: "ulimit -v 8000000; '\(command)' run wide.braid --input x.npy --threads 2")
        #expect(ran.status == 1 && ran.errors.contains("error: 'tiny' at batch 20000 needs "), "\(ran.errors)")
        #expect(ran.errors.contains("help: a batch of "))
        #expect(try workplace.names() == ["tiny.braid", "wide.braid", "data", "x.npy"])
    }

    /// With less memory a training ends with the same bits, and says what that costs; with too little it does not begin.
    @Test func trainsWithLessMemory() throws {
        try workplace.write(
            Workplace.tiny(rate: "0.05").replacing(
                "relu |> dropout(0.1)",
                with: "relu |> c1: conv(32, 3, pad: 1) |> n1: batchnorm |> relu |> dropout(0.1) |> c2: conv(32, 3, pad: 1) |> relu "
                    + "|> c3: conv(32, 3, pad: 1) |> relu |> c4: conv(32, 3, pad: 1) |> relu"), to: "deep.braid")
        func train(_ name: String, _ more: String...) throws -> CommandResult {
            try workplace.run(
                ["train", "deep.braid", "--data", "mnist:data", "--epochs", "1", "--batch", "48", "--threads", "2", "-q", "-o", name] + more
            )
        }
        func plan(_ more: String...) throws -> CommandResult {
            try workplace.run(["plan", "deep.braid", "--batch", "48", "--threads", "2", "--json"] + more)
        }
        let all = try plan().json()
        let (total, code) = (try #require(all["total_bytes"] as? Int), try #require(all["code_bytes"] as? Int))
        let arena = try #require(all["arena_bytes"] as? Int)
        let memory = "\(total - code - arena / 8)B"
        let planned = try plan("--memory", memory)
        #expect(planned.status == 0, "\(planned.errors)")
        let recomputation = try #require(try planned.json()["recomputation"] as? [String: Any])
        #expect(try #require(recomputation["activations"] as? Int) > 0 && planned.json()["fits"] as? Bool == true)
        let kept = try train("kept")
        #expect(kept.status == 0 && !kept.errors.contains("recomputes"), "\(kept.errors)")
        let fitted = try train("fitted", "--memory", memory)
        #expect(fitted.status == 0 && fitted.errors.contains("note: recomputes "), "\(fitted.errors)")
        #expect(try workplace.bytes("kept.safetensors") == workplace.bytes("fitted.safetensors"))
        let refused = try train("none", "--memory", "100KB")
        #expect(
            refused.status == 1 && refused.errors.contains("even where activations are recomputed, and there are 97.7 KiB"),
            "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: workplace.path("none.safetensors")))
    }

    @Test(arguments: [
        (["--memory", "2"], 2, "'2' is invalid for '--memory"), (["--memory", "2G"], 2, "--memory"), (["--memory", "-1GB"], 2, "--memory"),
        (["--memory", "99999999999TB"], 2, "--memory"), (["--memory", "0B"], 2, "--memory"), (["--memory", "1e3MB"], 2, "--memory"),
        (["--memory", "1KB", "--inference"], 1, "not even one image fits"),
        (["--training", "--inference"], 2, "give either --training or --inference"),
        (["--batch", "0"], 2, "--batch must be from 1 to 65536"), (["--rows", "0"], 2, "--rows must be from 1 to 10000, not 0"),
        (["-o", "absent/x.svg"], 1, "absent"), (["--precision", "auto"], 2, "'auto' is invalid"),
    ])
    func refuses(arguments: [String], status: Int, message: String) throws {
        let result = try workplace.run(["plan", "tiny.braid"] + arguments)
        #expect(result.status == Int32(status) && result.errors.contains(message), "\(arguments): \(result.errors)")
    }

    @Test func refusesWhatCannotBeTrained() throws {
        try workplace.write("network n {\n    input x: f32[N, 8]\n    output y = x |> fc: linear(4)\n}\n", to: "plain.braid")
        let result = try workplace.run("plan", "plain.braid", "--training")
        #expect(result.status == 1 && result.errors.contains("'n' has no training"), "\(result.errors)")
        let predicting = try workplace.run("plan", "plain.braid")
        #expect(predicting.status == 0 && predicting.output.hasPrefix("Running n at a batch of 1 takes "))
        // A printed step has no network to evaluate with.
        #expect(try workplace.run("dump", "tiny.braid", "--stage", "training", "-o", "tiny.training").status == 0)
        let printed = try workplace.run("plan", "tiny.training", "--batch", "8")
        #expect(printed.status == 0 && printed.output.hasPrefix("Training tiny"), "\(printed.errors)")
    }
}
