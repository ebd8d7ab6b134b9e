import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** One line, area or set of bars. */
export type ChartSeries = {
  readonly label: string;
  /** Custom property of theme.css, such as `--p2p`. */
  readonly colour: string;
  readonly kind: 'area' | 'line' | 'bars';
};

/** What {@link createChart} draws into `host`. */
export type ChartOptions = {
  readonly host: HTMLElement;
  readonly series: readonly ChartSeries[];
  /** Text of a mark on the horizontal axis. */
  readonly formatX: (value: number) => string;
  /** Text of a mark on the vertical axis. */
  readonly formatY: (value: number) => string;
  /** The horizontal axis ends at 0 and begins here. */
  readonly fromX: number;
  /** The vertical axis reaches at least this far. */
  readonly leastY: number;
  /** Marks on the vertical axis only at whole numbers. Default false. */
  readonly wholeY?: boolean;
};

/** A chart on the page. */
export type Chart = {
  /** The x values, then the values of each series; `null` is a gap. */
  readonly draw: (columns: readonly (readonly (number | null)[])[]) => void;
  readonly close: () => void;
};

const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** Draws figures over time in the colours of the theme and follows the size of its host. */
export function createChart(options: ChartOptions): Chart {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: UPlot.Axis = {
    stroke: colour('--muted'),
    font: `12px ${colour('--font')}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const plot = new UPlot(
    {
      ...sizeOf(options.host),
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 18, 0, 0],
      scales: {
        x: { time: false, range: [options.fromX, 0] },
        y: { range: (_, __, max) => [0, Math.max(options.leastY, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          values: (_, marks) => marks.map(options.formatX),
        },
        {
          ...axis,
          size: 40,
          gap: 4,
          values: (_, marks) => marks.map(options.formatY),
          ...(options.wholeY === true ? { incrs: WHOLE_STEPS } : {}),
        },
      ],
      series: [{}, ...options.series.map((series) => seriesOptions(series, colour(series.colour)))],
    },
    [[], ...options.series.map(() => [])],
    options.host,
  );
  const observer = new ResizeObserver(() => {
    plot.setSize(sizeOf(options.host));
  });
  observer.observe(options.host);
  return {
    draw: (columns) => {
      const [x = [], ...rest] = columns;
      plot.setData([x.map(Number), ...rest.map((column) => [...column])]);
    },
    close: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function seriesOptions(series: ChartSeries, colour: string): UPlot.Series {
  const common = {
    label: series.label,
    stroke: colour,
    points: { show: false },
  };
  const bars = UPlot.paths.bars;
  switch (series.kind) {
    case 'area':
      // Opaque, since areas are drawn over one another to look stacked.
      return { ...common, width: 1, fill: colour };
    case 'line':
      return { ...common, width: 2, dash: [6, 4] };
    case 'bars':
      return {
        ...common,
        width: 0,
        fill: colour,
        ...(bars === undefined ? {} : { paths: bars({ size: [0.7, 24], radius: 0.2 }) }),
      };
  }
}

function sizeOf(host: HTMLElement): { readonly width: number; readonly height: number } {
  return { width: Math.max(120, host.clientWidth), height: Math.max(80, host.clientHeight) };
}
