/* A chart that may go, or be given new data, before it came: pages are drawn anew while the library still loads. Only what charts.py needs. */
import { echarts } from "nicegui-echart";
import { convertDynamicProperties } from "../../static/utils/dynamic_properties.js";

export default {
  template: "<div></div>",
  props: { options: Object, enable3d: Boolean, renderer: String, theme: String },
  async mounted() {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.gone) return;
    this.chart = echarts.init(this.$el, null, { renderer: this.renderer });
    this.observer = new ResizeObserver(() => this.chart.resize());
    this.observer.observe(this.$el);
    this.update_chart();
  },
  watch: {
    options() {
      this.update_chart();
    },
  },
  beforeUnmount() {
    this.gone = true;
    this.observer?.disconnect();
    this.chart?.dispose();
  },
  methods: {
    update_chart() {
      if (!this.chart || this.gone) return;
      convertDynamicProperties(this.options, true);
      const before = this.chart.getOption()?.series?.length;
      this.chart.setOption(this.options, { notMerge: before != this.options.series?.length });
    },
  },
};
