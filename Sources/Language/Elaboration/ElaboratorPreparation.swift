import Graph
import Source

extension Elaborator {
    /// Reads `prepare …` of an input of a type; nil where it is wrong.
    func preparation(_ syntax: PreparationSyntax, of type: TensorType) -> PicturePreparation? {
        var result = PicturePreparation()
        var places: [PicturePreparation.Setting: ArgumentSyntax] = [:]
        for argument in syntax.settings {
            guard let name = argument.name else { continue }
            guard let setting = PicturePreparation.Setting(rawValue: name.text) else {
                let known = PicturePreparation.Setting.allCases.map(\.rawValue)
                let nearest = Spelling.nearest(to: name.text, in: known)
                report(
                    "`prepare` has no setting `\(name.text)`", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" }
                        ?? "the settings are \(known.joined(separator: ", "))")
                return nil
            }
            if let other = places.updateValue(argument, forKey: setting) {
                report(
                    "the setting `\(name.text)` is given twice", at: name.span,
                    secondary: [Diagnostic.Label(other.span, "first given here")], help: "remove one of them")
                return nil
            }
            switch setting {
            case .resize:
                guard let size = size(argument.value, name) else { return nil }
                result.resize = size
            case .crop:
                guard let size = size(argument.value, name) else { return nil }
                result.crop =
                    switch size {
                    case .shorterSide(let side): .init(height: side, width: side)
                    case .exact(let extents): extents
                    }
            case .interpolation:
                guard let interpolation: PicturePreparation.Interpolation = choice(argument.value, "interpolation") else { return nil }
                result.interpolation = interpolation
            case .order:
                guard let order: PicturePreparation.ChannelOrder = choice(argument.value, "order of channels") else { return nil }
                result.order = order
            case .orientation:
                guard let value = boolean(argument.value, name) else { return nil }
                result.appliesOrientation = value
            case .mean, .deviation: break
            }
        }
        if places[.mean] != nil || places[.deviation] != nil {
            guard let mean = places[.mean], let deviation = places[.deviation] else {
                report(
                    "`mean` and `std` belong together",
                    at: (places[.mean] ?? places[.deviation])?.span ?? syntax.keyword,
                    help: "give both, for values in 0...1: `mean: 0.5, std: 0.5`")
                return nil
            }
            guard let normalization = normalization(mean.value, deviation.value, at: deviation.span)
            else { return nil }
            result.normalization = normalization
        }
        if let problem = result.problem(for: type) {
            let place = problem.setting.flatMap { places[$0]?.span } ?? syntax.keyword
            report(problem.message, at: place, help: problem.repair)
            return nil
        }
        return result
    }

    /// `256` or `(256, 320)`.
    private func size(_ expression: ExpressionSyntax, _ name: NameSyntax) -> PicturePreparation.Size? {
        let value = evaluate(expression)
        if value.isPoison || value.items?.contains(where: \.isPoison) == true { return nil }
        let integers = (value.items ?? [value]).compactMap { item in
            if case .integer(let number) = item { number } else { nil }
        }
        guard integers.count == (value.items == nil ? 1 : 2), integers.count == value.items?.count ?? 1
        else {
            report(
                "`\(name.text)` takes pixels, `224`, or rows and columns, `(224, 192)`, not \(phrase(value))",
                at: expression.span)
            return nil
        }
        guard integers.allSatisfy({ (1...PicturePreparation.largestSide).contains($0) }) else {
            report(
                "`\(name.text)` must lie between 1 and \(PicturePreparation.largestSide) pixels",
                at: expression.span)
            return nil
        }
        return integers.count == 1
            ? .shorterSide(integers[0]) : .exact(.init(height: integers[0], width: integers[1]))
    }

    /// One of a few names; nil, once it is reported, for any other.
    private func choice<Choice: RawRepresentable<String> & CaseIterable>(_ expression: ExpressionSyntax, _ kind: String) -> Choice? {
        if expression.isInvalid { return nil }
        if case .name(let text) = expression.kind, let known = Choice(rawValue: text) { return known }
        let known = Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        report("no \(kind) is called so", at: expression.span, help: "there are \(known)")
        return nil
    }

    private func boolean(_ expression: ExpressionSyntax, _ name: NameSyntax) -> Bool? {
        switch evaluate(expression) {
        case .boolean(let value): return value
        case .poison: return nil
        case let other:
            report(
                "the setting `\(name.text)` must be true or false, not \(phrase(other))",
                at: expression.span)
            return nil
        }
    }
}

// MARK: - Means and deviations

extension Elaborator {
    /// Reads a mean and a deviation, of one number or one a channel each; nil where they are wrong.
    func normalization(_ mean: ExpressionSyntax, _ deviation: ExpressionSyntax, at span: Span) -> PixelScale? {
        let evaluated = [mean, deviation].map {
            EvaluatedArgument(name: nil, value: evaluate($0), span: $0.span)
        }
        return normalization(evaluated[0], evaluated[1], at: span)
    }

    func normalization(_ mean: EvaluatedArgument, _ deviation: EvaluatedArgument, at span: Span) -> PixelScale? {
        guard let means = channelValues(mean, mustBePositive: false),
            let deviations = channelValues(deviation, mustBePositive: true)
        else {
            return nil
        }
        guard means.count == deviations.count else {
            report(
                "\(means.count) means and \(deviations.count) deviations", at: span,
                help: "give as many of one as of the other")
            return nil
        }
        return PixelScale(mean: means, deviation: deviations)
    }

    private func channelValues(_ argument: EvaluatedArgument, mustBePositive: Bool) -> [Double]? {
        if argument.value.isPoison || argument.value.items?.contains(where: \.isPoison) == true {
            return nil
        }
        let items = argument.value.items ?? [argument.value]
        let numbers = items.compactMap(\.asNumber).filter { $0.isFinite && (!mustBePositive || $0 > 0) }
        guard !numbers.isEmpty, numbers.count == items.count else {
            report(
                "means and deviations are a number, or a list with one a channel\(mustBePositive ? ", above 0" : "")",
                at: argument.span)
            return nil
        }
        return numbers
    }
}
