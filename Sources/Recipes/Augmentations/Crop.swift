import Foundation
import Graph

extension Augmentation {
    public static let crop = Augmentation(
        "crop", [.number("scale", 1e-3...1, default: 0.08)], stream: 9,
        "a rectangle of `scale` to all of the image's area and of aspect 3:4 to 4:3, cut out and enlarged to the image's size",
        source: "Szegedy et al., arXiv 1409.4842; `RandomResizedCrop`",
        .picture { values in
            let least = values.number("scale")
            return { random, picture in
                let rectangle = cropped(to: least, picture.height, picture.width, &random)
                picture.move { $0.cut(rectangle) }
            }
        })

    /// What is cut out of a picture of `height` x `width`.
    ///
    /// The part of the area is uniform in `least`...1, the logarithm of the aspect uniform between those of 3:4 and 4:3. Where ten
    /// rectangles in a row do not fit into the picture, it is the whole.
    static func cropped(to least: Double, _ height: Int, _ width: Int, _ random: inout CounterGenerator) -> PictureRectangle {
        let widest = log(4.0 / 3)
        for _ in 0..<10 {
            let area = Double(height * width) * (least + (1 - least) * Double(random.unit()))
            let aspect = exp(widest * (2 * Double(random.unit()) - 1))
            let (wide, high) = (Int((area * aspect).squareRoot().rounded()), Int((area / aspect).squareRoot().rounded()))
            guard (1...width).contains(wide), (1...height).contains(high) else { continue }
            let top = random.below(height - high + 1)
            return PictureRectangle(top: top, left: random.below(width - wide + 1), height: high, width: wide)
        }
        return PictureRectangle(top: 0, left: 0, height: height, width: width)
    }
}
