import Graph
import Language
import Training

extension Network {
    /// How many pictures the network compares at once; nil where it has no inputs that take pictures, or others than one to three of a type.
    public var pictureTuple: PictureTuple? {
        let types = graph.nodes.filter { $0.inputName != nil && $0.type.rank == 4 }.map(\.type)
        return types.allSatisfy { $0 == types[0] } ? PictureTuple(rawValue: types.count) : nil
    }

    /// The input that takes pictures, what it takes, how they are prepared for it, and how many are compared at once.
    ///
    /// Throws where there is none, or where its size is not known.
    public func pictureInput() throws(CompilerError) -> (
        name: String, extents: ImageExtents, preparation: PicturePreparation, tuple: PictureTuple
    ) {
        guard let input = graph.nodes.first(where: { $0.inputName != nil && $0.type.rank == 4 }), let name = input.inputName,
            let tuple = pictureTuple
        else {
            throw CompilerError(
                "'\(self.name)' does not take pictures",
                help: "name a network with an input f32[N, C, H, W], or two or three of the same type", sources)
        }
        try requireSizes()
        let extents = input.type.shape.dimensions.dropFirst().compactMap(\.value)
        guard extents.count == 3 else {
            throw CompilerError("the size of the input '\(name)' is not known", help: "give it with -D", sources)
        }
        return (name, ImageExtents(channels: extents[0], height: extents[1], width: extents[2]), preparation(of: name), tuple)
    }

    /// What pictures of data have to be for the network: of the extents of its input, or of those of the target of its training that is
    /// the picture itself, which is named.
    ///
    /// Throws where the network takes no pictures, or where their size is not known.
    public func dataPictures() throws(CompilerError) -> (extents: ImageExtents, target: String?) {
        let input = try pictureInput().extents
        guard let training else { return (input, nil) }
        for node in training.graph.nodes where node.type.rank == 4 && node.type.element == .f32 {
            let extents = node.type.shape.dimensions.dropFirst().compactMap(\.value)
            guard let name = node.inputName, training.targets.contains(name), extents.count == 3 else { continue }
            let target = try? TrainingTarget(
                name, .f32, [1] + extents, channels: input.channels, isOfClasses: training.classCounts[name] != nil)
            if case .picture(let extents)? = target { return (extents, name) }
        }
        return (input, nil)
    }

    /// What the classes of a data set are called: where it only numbers them, as the network says, if it names as many.
    public func classNames(of data: Dataset) -> [String] {
        guard let names = self.classNames, names.count == data.classNames.count,
            data.classNames.enumerated().allSatisfy({ $1 == String($0) })
        else { return data.classNames }
        return names
    }

    /// How the network is trained; throws where nothing says it.
    public func requireTraining() throws(CompilerError) -> ElaboratedNetwork.Training {
        if let training { return training }
        throw CompilerError("'\(name)' has no training, which says how pictures are augmented", help: "leave out --for", sources)
    }
}
