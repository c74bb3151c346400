import ArgumentParser
import Compiler
import Foundation
import Graph
import Interchange
import Runtime
import Source
import Training

/// Runs a network on any number of pictures, batch by batch, and prints an answer for each in their order.
///
/// A batch that is not full is filled up with zeros, so that a picture's answer has the same bits wherever it stands. Pictures that cannot be read
/// are named, and the others answered.
struct PictureRun {
    /// What is printed and written of each picture.
    struct Options {
        /// Images a run; nil for what fits the number of pictures.
        var batch: Int?
        /// The classes that are told of; nil for one, where the network gives scores.
        var top: Int?
        var format: AnswerFormat
        var isJSON: Bool
        var isQuiet: Bool
        /// Where arrays go, a file for each picture and output.
        var outputFolder: String?
    }

    private static let usualBatch = 16
    /// Networks of sizes that pictures decide: compiled ones that are kept.
    private static let mostExecutables = 4
    /// How long all takes before anything is said of how far it is.
    private static let longRun = Duration.seconds(2)

    /// What was computed and not answered yet.
    private struct ComputedBatch {
        /// Pictures and failures, in order.
        var pictures: [PictureReader.Picture]
        /// Of all that could be read.
        var outputs: [(output: Graph.Output, shape: [Int], values: [Float])] = []
        /// What is wrong with the pictures' size.
        var problem: CompilerError?
    }

    private let network: Network
    private let options: Options
    private let sources: PictureSources
    private let reading: PictureReading
    private let names: ClassNames
    private let images: OutputImages?
    private let batch: Int
    /// The output whose scores are told of.
    private let scores: Graph.Output?
    private var compiler: RunCompiler
    private var ready: [(sizes: InputSizes, network: Network, executable: Executable)] = []
    private var report = NonFiniteReport()
    private var writer: AnswerWriter
    private var line: ProgressLine
    /// Pictures and failures whose turn has not come, in order.
    private var pending: [PictureReader.Picture] = []
    private var computed: ComputedBatch?
    private var pendingCount = 0
    private var (answered, failed) = (0, 0)
    private var start = ContinuousClock.now
    private var stems = DistinctNames()
    private let fileNames: OutputFileNames

    init(
        _ network: Network, _ sources: PictureSources, _ options: Options, _ compiler: RunCompiler, _ reading: PictureReading,
        _ names: ClassNames,
        _ images: OutputImages?
    ) throws {
        (self.network, self.sources, self.options, self.compiler) = (network, sources, options, compiler)
        (self.reading, self.names, self.images) = (reading, names, images)
        fileNames = OutputFileNames(network)
        batch = options.batch ?? (network.sizeSymbols.isEmpty ? min(Self.usualBatch, sources.count ?? Self.usualBatch) : 1)
        let candidates = network.graph.outputs.filter { output in
            let shape = network.graph[output.value].type.shape
            return shape.rank == 2 && shape[0].symbol == network.batchSymbol
        }
        scores = candidates.first { $0.name == "logits" } ?? candidates.first
        if options.top != nil, scores == nil {
            throw TrainingError(
                "'\(network.name)' gives no scores [N, classes]", repair: "leave out --top, and write outputs with --output-dir")
        }
        writer = AnswerWriter(options.format, isObject: options.isJSON, mostClasses: options.top ?? (scores == nil ? 5 : 1))
        line = ProgressLine(isQuiet: options.isQuiet)
    }

    /// Runs all; the exit status is 1 where a picture could not be read.
    mutating func run() throws {
        let isInterrupted = Interruption.watch()
        if network.sizeSymbols.isEmpty { _ = try executable(for: InputSizes()) }
        start = .now
        let reader = PictureReader(sources, reading, network, batch: batch, pool: compiler.pool)
        var isOver = false
        while !isOver {
            // The answers of one batch are given while the next is read.
            var problem: (any Error)?
            let found = reader.next(isInterrupted) { problem = answerComputed() }
            if let problem { throw problem }
            switch found {
            case .end: isOver = true
            case .idle: try flush()
            case .made(let made):
                let own = try? made.values.get().sizes
                let others = pending.lazy.compactMap { try? $0.values.get().sizes }.first
                if let own, let others, own != others { try flush() }
                pending.append(made)
                if own != nil { pendingCount += 1 }
                // Failures are told of soon, too.
                if pendingCount == batch || pendingCount == 0 || pending.count >= 2 * batch { try flush() }
            }
            if isInterrupted() { isOver = true }
        }
        if !isInterrupted() { try flush() }
        if let problem = answerComputed() { throw problem }
        line.clear()
        report.warn()
        let summary = Summary(
            pictures: answered, failed: failed, seconds: (ContinuousClock.now - start).seconds, batch: batch, notFinite: report.tensors,
            peakRssMb: Double(ProcessMemory.peakBytes) / 1_048_576, assignment: compiler.assignment.map(PrecisionReport.Record.init))
        // What was answered is whole, whatever ends the run.
        writer.end(summary)
        if isInterrupted() {
            Console.flush()
            Console.error("\(Interruption.reason): \(Format.count(answered, "picture")) answered\n")
            Interruption.end()
        }
        if let failure = sources.failure { throw failure }
        if !options.isQuiet, answered + failed > 1 || failed > 0 { Console.error(summary.text) }
        if failed > 0 { throw ExitCode(1) }
    }

    // MARK: Computing

    /// The network at a size, ready to run.
    private mutating func executable(for sizes: InputSizes) throws -> (network: Network, executable: Executable) {
        if let place = ready.firstIndex(where: { $0.sizes == sizes }) {
            let found = ready.remove(at: place)
            ready.append(found)
            return (found.network, found.executable)
        }
        let sized = try network.sized(by: sizes)
        guard !sized.graph.movesBatch else {
            throw CompilerError(
                "'\(network.name)' does more with its batch than to keep it in front, so that a picture's answer depends on the others",
                help: "name the pictures of one batch: --input a.png --input b.png", network.sources)
        }
        // A batch of one has no others.
        guard batch == 1 || !sized.graph.mixesImages else {
            throw CompilerError(
                "'\(network.name)' looks at all images of a batch for each, so that a picture's answer depends on the others",
                help: "give --batch 1 for each picture by itself, or name those of one batch without it: --input a.png --input b.png",
                network.sources)
        }
        if ready.count == Self.mostExecutables { ready.removeFirst() }
        let isFirst = ready.isEmpty
        let (executable, found) = try compiler.executable(sized, batch: batch)
        if isFirst, report.tensors.isEmpty { report.add(.parameter, found) }
        ready.append((sizes, sized, executable))
        return (sized, executable)
    }

    /// Computes what is pending.
    private mutating func flush() throws {
        if let problem = answerComputed() { throw problem }
        var batch = ComputedBatch(pictures: pending)
        pending = []
        pendingCount = 0
        let values = batch.pictures.compactMap { try? $0.values.get() }
        if let first = values.first {
            do throws(CompilerError) {
                // What a size breaks is the picture's fault; all else is not.
                if !first.sizes.sizes.isEmpty { _ = try network.sized(by: first.sizes) }
            } catch { batch.problem = error }
            if batch.problem == nil { batch.outputs = try compute(values, executable(for: first.sizes).executable) }
        }
        computed = batch
    }

    private func compute(
        _ pictures: [PictureValues], _ executable: Executable
    ) throws -> [(output: Graph.Output, shape: [Int], values: [Float])] {
        try executable.fillInput(reading.input) { [reading] (image, values: UnsafeMutableBufferPointer<Float>) in
            if image < pictures.count {
                reading.store(pictures[image], into: values)
            } else {
                values.initialize(repeating: 0)
            }
        }
        executable.run()
        return try network.graph.outputs.compactMap { output in
            guard let buffer = executable.plan.outputs.first(where: { $0.name == output.name })?.buffer else { return nil }
            let planned = executable.plan.buffers[buffer]
            // What has no batch is of no picture.
            guard planned.extents.first == batch, network.graph[output.value].type.shape.dimensions.first?.symbol == network.batchSymbol
            else {
                return nil
            }
            let values =
                network.graph[output.value].type.element == .i32
                ? try executable.output(output.name, as: Int32.self).map(Float.init) : try executable.output(output.name)
            return (output, planned.extents, values)
        }
    }

    // MARK: Answers

    /// Answers in order what was computed last; returns what it failed with.
    private mutating func answerComputed() -> (any Error)? {
        guard let batch = computed else { return nil }
        computed = nil
        var row = 0
        for (picture, values) in batch.pictures {
            switch values {
            case .success where batch.problem == nil:
                let own = batch.outputs.map { output, shape, values in
                    let size = shape.dropFirst().reduce(1, *)
                    return (output: output, shape: Array(shape.dropFirst()), values: values[row * size..<(row + 1) * size])
                }
                do { try answer(picture, own) } catch { return error }
                row += 1
            case .success:
                fail(picture, batch.problem?.diagnostic ?? Diagnostic("the picture does not fit", at: .none))
            case .failure(let error): fail(picture, error.diagnostic)
            }
        }
        // Whoever gives one path at a time waits for its answer.
        Console.flush()
        progress()
        return nil
    }

    private mutating func answer(
        _ picture: InputPicture, _ values: [(output: Graph.Output, shape: [Int], values: ArraySlice<Float>)]
    ) throws {
        var answer = PictureAnswer(path: picture.source.name)
        for (output, shape, values) in values {
            let own = Array(values)
            if own.contains(where: { !$0.isFinite }) {
                report.add(.output, own, name: "\(output.name) of \(Format.line(picture.source.name))", shape: shape)
            }
            if output.name == scores?.name {
                answer.top = ClassScore.best(options.top ?? 1, of: own, names: names.of(output.name, classes: shape[0]))
                continue
            }
            if let shares = shares(of: output, shape, values) {
                answer.classes = shares
            } else if scores == nil {
                let summary = PictureAnswer.Summary(name: network.outputName(output.name), shape: shape, values: values)
                answer.outputs = (answer.outputs ?? []) + [summary]
            }
        }
        var files = try images?.write(values, labels: names.names, stem: picture.stem) ?? []
        if let folder = options.outputFolder { files += try write(values, to: folder, stem: picture.stem) }
        answer.files = files.isEmpty ? nil : files
        clear()
        writer.write(answer)
        answered += 1
    }

    /// The classes of a map, where it is told of: its picture is written, or its classes have names.
    private func shares(of output: Graph.Output, _ shape: [Int], _ values: ArraySlice<Float>) -> [ClassShare]? {
        let labels = names.names[output.name]
        guard images != nil || labels != nil else { return nil }
        switch OutputImages.kind(output, of: network, labels, nil, nil) {
        case nil, .picture: return nil
        case .scores, .classes:
            guard let map = ClassMap(values, shape, classCount: labels?.count) else { return nil }
            return map.shares.map { index, share in
                ClassShare(
                    index: index, name: ClassScore.name(of: index, labels, among: map.classCount), share: share,
                    color: ClassMap.colourText(of: index))
            }
        }
    }

    /// Writes arrays of one picture.
    private mutating func write(
        _ values: [(output: Graph.Output, shape: [Int], values: ArraySlice<Float>)], to folder: String, stem: String
    ) throws -> [String] {
        // Pictures of two folders may be called alike.
        let name = stems.name(stem)
        return try values.map { output, shape, values in
            let tensor = network.tensor(ofOutput: output.name, shape: shape, values: Array(values))
            let path = FilePath.joined(folder, "\(name).\(fileNames[output.name]).npy")
            try OutputPath.makeFolder(FilePath.folder(of: path))
            try NumPy.write(tensor, to: path)
            return path
        }
    }

    private mutating func fail(_ picture: InputPicture, _ diagnostic: Diagnostic) {
        failed += 1
        clear()
        Console.error(DiagnosticRenderer(SourceMap(), usesColor: Console.errorUsesColor).render(diagnostic))
        var answer = PictureAnswer(path: picture.source.name)
        answer.error = diagnostic.message
        writer.write(answer)
    }

    // MARK: Progress

    /// What is printed must not stand in the line that tells of the progress.
    private mutating func clear() { if Console.errorIsTerminal { line.clear() } }

    private mutating func progress() {
        let elapsed = ContinuousClock.now - start
        guard elapsed > Self.longRun else { return }
        let done = answered + failed
        let rate = Double(done) / elapsed.seconds
        let all = sources.count.map { " of " + Format.grouped($0) } ?? ""
        let left = sources.count.map { ", \(Format.duration(Double($0 - done) / max(rate, 1e-9))) left" } ?? ""
        line.show(
            "\(Format.grouped(done))\(all) pictures, \(Format.figure(rate)) a second\(left)",
            part: sources.count.map { Double(done) / Double(max(1, $0)) } ?? 0)
    }

    /// What is known at the end.
    private struct Summary: Encodable {
        var pictures: Int
        var failed: Int
        var seconds: Double
        var batch: Int
        var notFinite: [NonFiniteReport.Tensor]
        /// The most memory that the process has had resident, in MiB.
        var peakRssMb: Double
        /// What `--precision auto` found.
        var assignment: PrecisionReport.Record?

        var text: String {
            let rate = Format.figure(Double(pictures) / max(seconds, 1e-9))
            let missing = failed == 0 ? "" : "; \(Format.count(failed, "picture")) could not be answered"
            return
                "\(Format.count(pictures, "picture")) in \(Format.duration(seconds)), \(rate) a second, in batches of \(batch)\(missing)\n"
        }
    }
}
