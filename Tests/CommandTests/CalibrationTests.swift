import Foundation
import Interchange
import Testing

/// `--precision auto`: what is found is told of, kept and used, on every command that infers; what does not fit is said.
@Suite struct CalibrationTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.write(
            """
            network small(classes = 10) {
                input image: f32[N, 1, 28, 28]
                let features = image |> a: conv(16, 3, stride: 2) |> relu |> b: conv(32, 1) |> relu |> c: conv(16, 3, stride: 2) |> relu
                output scores = features |> global_avg_pool |> flatten |> fc: linear(classes)
            }

            """, to: "small.braid")
        let pixels: [Float] = (0..<2 * 784).map { index in Float((index * 37) % 101) / 50 - 1 }
        try AtomicFile.write(NumPy.encode(HostTensor(shape: [2, 1, 28, 28], floats: pixels)), to: workplace.path("x.npy"))
    }

    private static let auto = ["--precision", "auto", "--calibrate", "x.npy"]

    private func run(_ arguments: [String]) throws -> CommandResult { try workplace.run(arguments) }

    /// Found once, then kept; the clauses that are printed give the same results.
    @Test func whatIsFoundIsUsed() throws {
        let arguments = ["run", "small.braid", "--input", "x.npy", "--tolerance", "0.1"] + Self.auto
        let first = try run(arguments + ["--output-dir", "auto"])
        #expect(first.status == 0 && first.errors.contains("of 4 layers in bf16: error "), "\(first.errors)")
        #expect(first.errors.contains("calibrating: ") && !first.errors.contains("found before"))
        let second = try run(arguments + ["--json", "--threads", "3"])
        #expect(second.status == 0 && !second.errors.contains("calibrating"), "\(second.errors)")
        let assignment = try #require(second.json()["assignment"] as? [String: Any])
        let chosen = try #require((assignment["chosen"] as? [String: Any])?["error"] as? Double)
        #expect(chosen > 1e-6 && chosen <= 0.1)
        #expect((assignment["layers"] as? [[String: Any]])?.map { $0["label"] as? String } == ["a", "b", "c", "fc"])
        #expect(try run(arguments).errors.contains("on x.npy (found before)"))

        let clauses = try #require(assignment["clauses"] as? [String])
        let text = try String(contentsOfFile: workplace.path("small.braid"), encoding: .utf8)
        try workplace.write(text.replacing("    let", with: clauses.joined(separator: "\n") + "\n    let"), to: "fixed.braid")
        #expect(try run(["run", "fixed.braid", "--input", "x.npy", "--output-dir", "fixed"]).status == 0)
        let values = try ["auto", "fixed"].map { try NumPy.read(workplace.path("\($0)/scores.npy")).floats }
        #expect(values[0] == values[1])
    }

    /// Samples are compared with fp64 one by one, so a network that computes with its images must take one.
    @Test func networksOfSeveralImagesAreRefused() throws {
        try workplace.write(
            """
            network pairs {
                input image: f32[N, 1, 28, 28]
                output others = image |> a: conv(8, 3, stride: 2) |> global_avg_pool |> flatten |> slice(0, 1, -1)
            }

            """, to: "pairs.braid")
        let plain = try run(["run", "pairs.braid", "--input", "x.npy"])
        #expect(plain.status == 0, "\(plain.errors)")
        let found = try run(["run", "pairs.braid", "--input", "x.npy"] + Self.auto)
        #expect(found.status == 1 && found.errors.contains("'pairs' cannot be computed for one image"), "\(found.errors)")
    }

    @Test func everyCommandCalibrates() throws {
        let loose = Self.auto + ["--tolerance", "0.1"]
        let described = try run(["describe", "small.braid"] + loose)
        #expect(
            described.status == 0 && described.output.contains("bf16") && described.errors.contains("layers in bf16"), "\(described.errors)"
        )
        let json = try run(["describe", "small.braid", "--json"] + loose).json()
        #expect(json["precision"] as? String == "mixed" && json["assignment"] != nil)
        let plan = try run(["dump", "small.braid", "--stage", "optimized"] + loose)
        #expect(plan.output.contains("factors bf16") && plan.output.contains("precision "), "\(plan.errors)")
        let bench = try run(["bench", "small.braid", "--runs", "1", "--seconds", "0", "--json"] + loose).json()
        #expect(bench["precision"] as? String == "mixed" && bench["assignment"] != nil)
        let tune = try run(["tune", "small.braid", "--seconds", "0", "--candidates", "1", "--json", "-q"] + loose)
        let tuned = try tune.json()
        #expect(tune.status == 0 && tuned["assignment"] != nil, "\(tune.errors)")
    }

    /// Without samples of its own, on the first pictures of the data.
    @Test func evaluationsCalibrateOnTheirData() throws {
        try workplace.writeTinyTraining()
        #expect(try run(["train", "tiny.braid", "--data", "mnist:data", "--epochs", "1", "-o", "w.safetensors", "-q"]).status == 0)
        let evaluated = try run(
            [
                "evaluate", "tiny.braid", "--weights", "w.safetensors", "--data", "mnist:data", "--precision", "auto", "--calibrate-count",
                "2",
            ])
        #expect(evaluated.status == 0 && evaluated.errors.contains("on the first 2 pictures of "), "\(evaluated.errors)")
    }

    @Test(arguments: [
        ("--precision auto", 2, "--precision auto needs samples to measure errors on: give --calibrate"),
        ("--precision bf16 --tolerance 0.1", 2, "--tolerance is for --precision auto"),
        ("--calibrate x.npy", 2, "--calibrate is for --precision auto"),
        ("--precision auto --calibrate x.npy --tolerance 0", 2, "--tolerance must be above 0"),
        ("--precision auto --calibrate x.npy --calibrate-count 0", 2, "--calibrate-count must be from 1"),
        ("--precision auto --calibrate x.npy --calibrate-count 2", 1, "--calibrate-count is for data sets"),
        ("--precision auto --calibrate absent.npy", 1, "there is no such file"),
        ("--precision auto --calibrate picture=x.npy", 1, "'small' has no input 'picture'"),
        ("--precision auto --calibrate builtin:digits --calibrate x.npy", 1, "a data set is calibrated with alone"),
        ("--precision auto --calibrate mnist:absent", 1, "absent"),
        ("--precision auto --calibrate x.npy --tolerance 1e-12", 1, "'small' cannot keep a tolerance of 1.00e-12"),
    ]) func mistakesAreSaid(options: String, status: Int, message: String) throws {
        let result = try run(["run", "small.braid", "--input", "x.npy"] + options.split(separator: " ").map(String.init))
        #expect(result.status == status && result.errors.contains(message), "\(result.errors)")
    }

    @Test func whatTakesNoPicturesIsCalibratedWithArrays() throws {
        try workplace.write("network flat { input x: f32[N, 8]; output y = x |> fc: linear(4) }\n", to: "flat.braid")
        let refused = try run(["describe", "flat.braid", "--precision", "auto", "--calibrate", "builtin:digits"])
        #expect(refused.status == 1 && refused.errors.contains("'flat' does not take pictures"), "\(refused.errors)")
        try AtomicFile.write(NumPy.encode(HostTensor(shape: [3, 8], floats: (0..<24).map(Float.init))), to: workplace.path("flat.npy"))
        #expect(try run(["describe", "flat.braid", "--precision", "auto", "--calibrate", "x=flat.npy"]).status == 0)
        let weights = try run(["describe", "flat.braid", "--weights", "w.safetensors"])
        #expect(weights.status == 2 && weights.errors.contains("--weights is for --precision auto"))
        let simulated = try run(["bench", "flat.braid", "--simulate-threads", "1"] + Self.auto)
        #expect(simulated.status == 2 && simulated.errors.contains("--simulate-threads runs nothing"), "\(simulated.errors)")
    }
}
