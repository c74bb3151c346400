import ArgumentParser
import Compiler
import Graph
import Interchange
import Recipes
import Training

struct DataShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Draws pictures of a data set as a PNG file, as they are or as a training sees them.",
        discussion: """
            EXAMPLES
              braid data show builtin:digits
              braid data show builtin:digits --count 100 -o sheet.png
              braid data show mnist:data/mnist --part held-out --index 7 -o seven.png
              braid data show builtin:digits --for graphs/mnist_resnet.braid --epoch 3 -o third.png

            With --for the pictures are prepared for the network's input and augmented as its recipe says, in the order in which that epoch meets them.
            A sheet has the class below each picture, and both classes with their shares where pictures are mixed; a single picture (--index) is drawn as
            it is, as a file for `braid run`. Where the network compares pictures, the two or three that it takes at once are side by side.
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case training
        case heldOut = "held-out"
    }

    @Argument(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("Which pictures: training or held-out.", valueName: "part"))
    var part = Part.training

    @Option(help: ArgumentHelp("The first picture to draw, from 0.", valueName: "index"))
    var index: Int?

    @Option(help: ArgumentHelp("How many pictures to draw (default: 100, or 1 with --index).", valueName: "count"))
    var count: Int?

    @Option(help: ArgumentHelp("Pictures in a row of the sheet.", valueName: "count"))
    var columns = 10

    @Option(
        name: .customLong("for"), help: ArgumentHelp("A network: draws the pictures as its training sees them.", valueName: "file"),
        completion: .file(extensions: ["braid"]))
    var file: String?

    @OptionGroup var choice: NetworkChoice

    @Option(help: ArgumentHelp("With --for: the pass over the data, from 1.", valueName: "number"))
    var epoch = 1

    @Option(help: ArgumentHelp("What augmentations, and --held-out, go by (default: the recipe's, else 0).", valueName: "number"))
    var seed: UInt64?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the PNG file.", valueName: "path"))
    var output: String?

    func validate() throws {
        if let count, !(1...10_000).contains(count) { throw ValidationError("--count must be from 1 to 10000, not \(count)") }
        if !(1...1000).contains(columns) { throw ValidationError("--columns must be from 1 to 1000, not \(columns)") }
        if !(1...1_000_000).contains(epoch) { throw ValidationError("--epoch must be from 1 to 1000000, not \(epoch)") }
        if let index, index < 0 { throw ValidationError("--index counts from 0") }
        if file == nil, choice.isMade || epoch != 1 { throw ValidationError("--network, -D and --epoch are about the network of --for") }
    }

    func run() throws {
        if let output {
            StandardOutput.outlivesItsReader()
            try OutputPath.requireWritable(output, besides: data.isRead(from: output) ? [output] : [])
        }
        let network = try file.map { try choice.load($0) }
        if let output, let network { try OutputPath.requireWritable(output, besides: network.files) }
        let input = try network?.pictureInput()
        let recipe = try network.map { try $0.requireTraining().recipe }
        let seed = seed ?? recipe?.seed.map { UInt64($0) } ?? 0
        let pictures = try network?.dataPictures()
        var options = reading.options(seed: seed)
        options.pictureTarget = pictures?.target
        let dataset = try DataReading.open(
            data, part == .training ? .training : .heldOut, extents: pictures?.extents,
            preparation: input?.preparation ?? PicturePreparation(), options: options)
        print("\(Console.bold(dataset.name)), \(part.rawValue) part: \(Format.grouped(dataset.count)) pictures of \(dataset.extents)")
        var counts = [Int](repeating: 0, count: dataset.classNames.count)
        for label in dataset.labels { counts[Int(label)] += 1 }
        var table = Table(("class", .left), ("pictures", .right))
        for (name, count) in zip(dataset.classNames, counts).prefix(50) { table.add(name, Format.grouped(count)) }
        print(table.text, terminator: "")
        if counts.count > 50 { print("… and \(counts.count - 50) more classes") }
        guard let output else { return }
        if let recipe, let input {
            let pictures = try augmented(dataset, recipe, input.preparation, input.tuple, seed: seed)
            var extents = dataset.extents
            extents.width *= input.tuple.count
            try draw(pictures, extents, dataset, to: output)
        } else {
            let first = try requireFirst(in: dataset.count, dataset)
            let indices = first..<min(dataset.count, first + limit)
            try draw(indices.map { Drawing(dataset.image($0), dataset.labels[$0], dataset) }, dataset.extents, dataset, to: output)
        }
    }

    private var limit: Int { count ?? (index == nil ? 100 : 1) }

    private func requireFirst(in count: Int, _ dataset: Dataset) throws(InterchangeError) -> Int {
        let first = index ?? 0
        guard first < count else {
            throw InterchangeError(dataset.name, "there is no picture \(first)", repair: "the last one is \(count - 1)")
        }
        return first
    }

    /// A picture and what is written below it.
    private struct Drawing {
        var image: Image
        var name: String
        /// A line a class.
        var caption: String

        init(_ image: Image, _ label: Int32, _ dataset: Dataset) {
            self.image = image
            name = dataset.classNames[Int(label)]
            caption = name
        }

        /// Sets pictures that a network compares side by side.
        init(_ drawings: [Drawing]) {
            let first = drawings[0].image
            image = Image(width: first.width * drawings.count, height: first.height, channels: first.channels)
            for (place, drawing) in drawings.enumerated() { image.paste(drawing.image, x: place * first.width, y: 0) }
            name = drawings.map(\.name).joined(separator: "|")
            caption = name
        }

        /// Says what shares of two classes there are.
        mutating func mix(_ mixing: Batch.Mixing, at place: Int, _ dataset: Dataset) {
            let partner = dataset.classNames[Int(mixing.partnerLabels[place])]
            if partner == name { return }
            let share = Int((mixing.weights[place] * 100).rounded())
            caption = "\(share)% \(name)\n\(100 - share)% \(partner)"
        }
    }

    /// The pictures of an epoch, as the network meets them; held-out ones are not augmented.
    private func augmented(
        _ dataset: Dataset, _ recipe: TrainingRecipe, _ preparation: PicturePreparation, _ tuple: PictureTuple, seed: UInt64
    ) throws -> [Drawing] {
        let normalization = try preparation.normalization(recipe, of: dataset)
        let size = min(recipe.batchSize ?? 64, dataset.count)
        let isTraining = part == .training
        var options = try Trainer.batchOptions(
            recipe, for: dataset, isTraining ? .training : .heldOut, size: size, seed: seed, tuple: tuple)
        if !isTraining {
            options = .evaluation(batchSize: size)
            (options.tuple, options.seed) = (tuple, seed)
        }
        let maker = BatchMaker(dataset, normalization: normalization, options: options)
        let first = try requireFirst(in: min(dataset.count, maker.batchesPerEpoch * size), dataset)
        let start = BatchPosition(epoch: isTraining ? epoch - 1 : 0, batch: first / size)
        let loader = Loader(maker, from: start, epochs: start.epoch + 1)
        var pictures: [Drawing] = []
        var passed = first % size
        while pictures.count < limit, let batch = loader.next() {
            for place in min(passed, batch.count)..<batch.count where pictures.count < limit {
                let count = dataset.extents.count
                func picture(_ images: UnsafeBufferPointer<Float>, _ labels: UnsafeBufferPointer<Int32>) -> Drawing {
                    let values = UnsafeBufferPointer(rebasing: images[place * count..<(place + 1) * count])
                    return Drawing(normalization.image(values, dataset.extents), labels[place], dataset)
                }
                var drawing = picture(batch.images, batch.labels)
                if let mixing = batch.mixing { drawing.mix(mixing, at: place, dataset) }
                if !batch.partners.isEmpty { drawing = Drawing([drawing] + batch.partners.map { picture($0.images, $0.labels) }) }
                pictures.append(drawing)
            }
            passed = 0
        }
        return pictures
    }

    /// - Parameter extents: those of each drawing.
    private func draw(_ pictures: [Drawing], _ extents: ImageExtents, _ dataset: Dataset, to path: String) throws {
        let names = pictures.map(\.name)
        if pictures.count == 1, file == nil {
            try pictures[0].image.writePNG(to: path)
        } else {
            let lines = pictures.contains { $0.caption.contains("\n") } ? 2 : 1
            var sheet = try PictureSheet(extents, count: pictures.count, columns: columns, lines: lines, name: dataset.name)
            for (place, picture) in pictures.enumerated() { sheet.draw(picture.image, label: picture.caption, at: place) }
            try sheet.write(to: path)
        }
        let listed = names.prefix(10).joined(separator: " ") + (names.count > 10 ? " …" : "")
        let what = pictures.count == 1 ? "picture" : "\(pictures.count) pictures from"
        let place = file != nil && part == .training ? " of epoch \(epoch)" : ""
        print("wrote \(path): \(what) \(index ?? 0)\(place), of class \(listed)")
    }
}
