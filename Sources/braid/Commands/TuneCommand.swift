import ArgumentParser
import Compiler
import Foundation
import Interchange
import LoopNest
import Machine
import Runtime

struct TuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Measures better ways to compute a network's layers, or the machine itself, for every later compilation.",
        discussion: """
            EXAMPLES
              braid tune graphs/resnet.braid:resnet50
              braid tune graphs/resnet.braid:resnet50 --batch 8 --threads 1
              braid tune graphs/vgg.braid:vgg16 --candidates 16 --seconds 3
              braid tune --show
              braid tune --clear
              braid tune --machine
              braid tune --machine --show
              braid tune --machine --clear

            How a layer is computed (as it is written, or by one of Winograd's forms; how its work is cut into tasks and register tiles) is
            chosen by a model of the machine, which is often within a few percent of the best and sometimes not. This command measures the
            most promising choices for every shape of layer, in the network itself, beside what the model chose. What is at least 2 %
            faster, and is so again when all are tried together, is kept on disk for this machine, if the network as a whole is clearly
            faster with it (pairs of runs are repeated until that is plain, or hopeless), and is used from then on by run, train, evaluate,
            overfit and bench, for every network with the same shapes, batch, threads and numerics, unless they are given --untuned.

            Measure with the batch and the threads that the network will run with, on a machine that does nothing else. Another algorithm
            rounds differently, within --numerics; which one a shape has does not depend on --threads, so results do not either: the last
            measurement decides.

            With --machine it is the machine that is measured, in some ten seconds: multiply-adds, dot products, and reads from each level of
            memory, by one core and by all that share it. From then on the model goes by these figures instead of those that are known of the
            processor, or of one like it. Other figures may choose other algorithms, so results may round differently, as with tuned choices:
            `braid version` and `braid bench` say what the model goes by, --untuned does without, and choices that were tuned with other
            figures are left out until these are removed. Threads play no part in it.

            Measurements lie beside the cached machine code (in $BRAID_TUNING, if that is set; `none` keeps and uses none).
            """)

    @Argument(help: NetworkOptions.fileHelp, completion: .file(extensions: ["braid"]))
    var file: String?

    @OptionGroup var choice: NetworkChoice

    @Option(help: ArgumentHelp("Images a run (default: 1, or as many as the input is declared with).", valueName: "count"))
    var batch: Int?

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var calibration: CalibrationWeights

    @OptionGroup var arithmetic: ArithmeticOptions

    @OptionGroup var machine: TargetOption

    @Flag(help: "Tunes the training step: convolutions forward, and the gradients of their inputs.")
    var train = false

    @Option(help: ArgumentHelp("Choices that are measured for a shape, at most.", valueName: "count"))
    var candidates = 8

    @Option(help: ArgumentHelp("The least time that each choice, or figure, is measured for.", valueName: "seconds"))
    var seconds = 1.0

    @OptionGroup var progress: ProgressOptions

    @Flag(name: .customLong("machine"), help: "Measures this machine instead of a network.")
    var measuresMachine = false

    @Flag(help: "Prints what is kept for this machine: choices, or its figures with --machine.")
    var show = false

    @Flag(help: "Forgets what is kept for this machine: choices, or its figures with --machine.")
    var clear = false

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        try precision.validate(training: train, flag: "--train")
        try calibration.validate(precision)
        if file != nil { try precision.requireSamples() }
        if !(1...64).contains(candidates) { throw ValidationError("--candidates must be from 1 to 64, not \(candidates)") }
        if !(0...3600).contains(seconds) { throw ValidationError("--seconds must be from 0 to 3600, not \(seconds)") }
        if measuresMachine {
            if file != nil || train { throw ValidationError("--machine measures no network: leave out the file and --train") }
            if machine.isChosen { throw ValidationError("--machine measures this machine, with all its units: leave out --target") }
            if show && clear { throw ValidationError("give either --show or --clear") }
        } else if [file != nil, show, clear].filter(\.self).count != 1 {
            throw ValidationError("give either a file, --show, --clear or --machine")
        }
    }

    func run() throws {
        guard let store = TuningStore.standard else {
            throw ValidationError("measurements have no place, because BRAID_TUNING or BRAID_CACHE is 'none'; name a folder there")
        }
        StandardOutput.outlivesItsReader()
        if measuresMachine { return try runMachine(store) }
        let target = machine.measuredHere
        if clear {
            let removed = try store.clear(for: target) + (PrecisionStore.standard?.clear() ?? [])
            for path in removed { print("removed \(path)") }
            if removed.isEmpty { print("nothing is kept for \(target.name == "host" ? "this machine" : "the target \(target.name)")") }
            return
        }
        if show { return try TuneReport.show(store.read(for: target), path: store.path(for: target), asJSON: json) }
        guard let file else { return }
        try machine.requireRunnable()
        let network = try choice.load(file)
        let batch = try network.batch(batch, usual: 1)
        let options = TuningOptions(batch: batch, isTraining: train, candidates: candidates, seconds: seconds)
        try store.requireWritable(for: target)
        // A damaged file is told of now; it is replaced in the end.
        _ = Compiler(target: target).tuned(by: store)
        let (compiler, computed, assignment) = try Calibration(
            precision, weights: calibration.open(), batch: batch, isQuiet: progress.quiet, isReported: !json
        ).apply(to: network, arithmetic.compiler(for: target, precision.chosen), ThreadPool(threads: arithmetic.threadCount))
        let result = try compiler.tune(computed, options) { state in
            if progress.quiet { return }
            Console.error("round \(state.round + 1) of \(state.rounds): \(state.improved) of \(state.shapes) shapes improved so far\n")
        }
        try store.add(result.entries, measured: result.verdicts, for: target)
        if json { Console.printJSON(TuneReport.Record(result, assignment)) } else { TuneReport.show(result, path: store.path(for: target)) }
    }

    /// Measures this machine, or shows or forgets what was measured.
    private func runMachine(_ store: TuningStore) throws {
        let host = Target.host
        let path = store.measurementPath(for: host)
        if clear {
            return print(try store.clearMeasurement(for: host) ? "removed \(path)" : "this machine was not measured")
        }
        if show {
            guard let measurement = try store.readMeasurement(for: host) else {
                if json { return Console.printJSON(MachineReport.Record(nil, path: path)) }
                return print("this machine was not measured: predictions go by the figures of \(host.speed.source)")
            }
            if json { return Console.printJSON(MachineReport.Record(measurement, path: path)) }
            return MachineReport(measurement).show(path: path)
        }
        try store.requireMeasurementWritable(for: host)
        let measurement = try Compiler(target: host).measureMachine(seconds: min(seconds, 60)) { figure, done, total in
            if !progress.quiet { MachineReport.progress(figure, done: done, of: total) }
        }
        if !progress.quiet { MachineReport.endProgress() }
        try store.write(measurement, for: host)
        if json { Console.printJSON(MachineReport.Record(measurement, path: path)) } else { MachineReport(measurement).show(path: path) }
        if measurement.isNoisy {
            Console.error(
                "warning: other processes took some of the machine (rounds differ by up to "
                    + "\(Format.percent(measurement.figures.map(\.noise).max() ?? 0, 0))); measure again when it does nothing else\n")
        }
    }
}
