import Graph
import Recipes

/// What data a network takes where its loss is computed.
extension TrainingFeed {
    /// The extents of the pictures of data: of the input, or of a target that is the picture itself in a larger size.
    public var dataExtents: ImageExtents {
        for case (_, .picture(let extents)) in targets { return extents }
        return input.extents
    }

    /// The target that is the picture itself, if there is one.
    public var pictureTarget: String? {
        for case (let target, .picture) in targets { return target }
        return nil
    }

    /// What data have to tell of their pictures.
    public var wish: DatasetWish {
        // What pairs and triplets are made by.
        if input.tuple != .single { return .classes }
        return targets.lazy.map(\.target.wish).first { $0 != .pictures && $0 != .classes }
            ?? (targets.contains { $0.target == .label } ? .classes : .pictures)
    }

    /// How many pixels of a picture become one of the input along each axis.
    var reduction: Int { dataExtents.height / max(1, input.extents.height) }

    /// Checks that data fit the network.
    func require(_ dataset: Dataset, _ part: Dataset.Part) throws(TrainingError) {
        let data = dataExtents
        guard dataset.extents == data else {
            let (problem, repair) = data.refusal(of: dataset.extents, target: pictureTarget)
            throw TrainingError("the \(part.adjective) pictures of \(dataset.name) have \(problem)", repair: repair)
        }
        if input.tuple != .single { return try input.tuple.require(dataset, part) }
        for (target, kind) in targets {
            switch kind {
            case .picture: break
            case .label:
                try requireClasses(of: dataset, part, for: target)
                guard let count = classCounts[target], dataset.classNames.count > count else { break }
                throw TrainingError(
                    "\(dataset.name) has \(dataset.classNames.count) classes, but the network tells \(count) apart",
                    repair: "give the network as many, for example with -D classes=\(dataset.classNames.count)")
            case .numbers(let count):
                if case .labelMaps? = dataset.truth { try requireClasses(of: dataset, part, for: target) }
                var known = dataset.classNames.count
                if case .numbers(_, let columns)? = dataset.truth { known = columns.count }
                guard known <= count else {
                    throw TrainingError(
                        "\(dataset.name) has \(known) classes or numbers a picture, but the target '\(target)' takes \(count)",
                        repair: "give the network as many, for example with -D classes=\(known)")
                }
            case .labelMap(let height, let width), .classMaps(_, let height, let width):
                guard case .labelMaps(let labels, height, width)? = dataset.truth else {
                    throw TrainingError(
                        "\(dataset.name) has no classes of pixels, \(height) x \(width), for the target '\(target)'",
                        repair: "name arrays of pictures and maps: numpy:PATH")
                }
                var classes = classCounts[target]
                if case .classMaps(let count, _, _) = kind { classes = count }
                if let classes { try requireClasses(labels, below: classes, kind, of: dataset, part, size: height * width) }
            }
        }
    }

    /// Checks that data which are read for another target tell the class of each picture, too.
    private func requireClasses(of dataset: Dataset, _ part: Dataset.Part, for target: String) throws(TrainingError) {
        if dataset.tellsClasses { return }
        let other = targets.first { $0.name != target && ![.pictures, .classes].contains($0.target.wish) }
        throw TrainingError(
            "the \(part.adjective) pictures of \(dataset.name) have \(dataset.truth?.plural ?? "nothing")"
                + (other.map { " for the target '\($0.name)'" } ?? "") + ", and no class each for the target '\(target)'",
            repair: "train with targets of one kind: leave one of them out, or make one array of numbers of all that is known of a picture")
    }

    /// Checks that the network has a score for each class of pixels: what has none would count as no loss.
    private func requireClasses(
        _ labels: [UInt8], below classes: Int, _ kind: TrainingTarget, of dataset: Dataset, _ part: Dataset.Part, size: Int
    ) throws(TrainingError) {
        let isWrong = (0..<256).map { $0 >= classes && $0 != ignoredLabel }
        guard let place = labels.firstIndex(where: { isWrong[Int($0)] }) else {
            guard let ignoredLabel, labels.allSatisfy({ $0 == ignoredLabel }) else { return }
            throw TrainingError(
                "all pixels of the \(part.adjective) pictures of \(dataset.name) are of class \(ignoredLabel), which the loss does not count",
                repair: "name other maps of classes, or another `ignored_label`")
        }
        let label = Int(labels[place])
        let largest = labels.lazy.map { Int($0) }.filter { $0 != ignoredLabel }.max() ?? 0
        var repair = "give the network as many, for example with -D classes=\(largest + 1)"
        if ignoredLabel == nil {
            let isMap = if case .labelMap = kind { true } else { false }
            repair +=
                "; or, where these pixels are not to count, \(isMap ? "" : "declare the target as i32[N, H, W] and ")"
                + "write `cross_entropy(…, ignored_label: \(label))` as the loss"
        }
        throw TrainingError(
            "\(part.adjective) picture \(place / size) of \(dataset.name) has pixels of class \(label), but the "
                + "network tells \(classes) apart: 0 to \(classes - 1)", repair: repair)
    }

    /// Checks that targets can say that a picture is of two classes, where the recipe mixes pictures.
    func requireMixable(_ recipe: TrainingRecipe, classes: Int) throws(TrainingError) {
        guard let mixer = recipe.augmentations.first(where: \.form.mixesBatches) else { return }
        guard input.tuple == .single else {
            throw TrainingError(
                "`\(mixer.form.name)` mixes pictures, and the network compares \(input.tuple.plural)",
                repair: "leave out `\(mixer.form.name)`")
        }
        for (name, target) in targets {
            switch target {
            case .numbers, .classMaps: break
            case .picture where reduction == 1: break
            case .label:
                throw TrainingError(
                    "`\(mixer.form.name)` mixes classes, and the label '\(name)' is of one class a picture",
                    repair: "declare it as f32[N, \(classes)], or leave out `\(mixer.form.name)`")
            case .labelMap, .picture:
                throw TrainingError(
                    "`\(mixer.form.name)` mixes pictures, and not the target '\(name)'", repair: "leave out `\(mixer.form.name)`")
            }
        }
    }
}
