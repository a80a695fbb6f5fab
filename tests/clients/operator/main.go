// A small operator: for every Boat a Deployment of its crew. What it must see of an API server is what operators see of one:
// typed clients that speak protobuf, informers, owner references, a status of its own, finalizers, events, leader election.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const finalizer = "sea.example.com/farewell"

type reconciler struct {
	client.Client
	events    record.EventRecorder
	clientset kubernetes.Interface
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var boat Boat
	if err := r.Get(ctx, request.NamespacedName, &boat); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !boat.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.sayFarewell(ctx, &boat)
	}
	if controllerutil.AddFinalizer(&boat, finalizer) {
		return ctrl.Result{}, r.Update(ctx, &boat)
	}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: boat.Namespace, Name: boat.Name}}
	result, err := controllerutil.CreateOrUpdate(ctx, r.Client, deployment, func() error {
		labels := map[string]string{"boat": boat.Name}
		deployment.Spec.Replicas = &boat.Spec.Crew
		deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
		deployment.Spec.Template.Labels = labels
		if len(deployment.Spec.Template.Spec.Containers) == 0 {
			deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "sailor"}}
		}
		deployment.Spec.Template.Spec.Containers[0].Image = boat.Spec.Image
		return controllerutil.SetControllerReference(&boat, deployment, r.Scheme())
	})
	if err != nil {
		return ctrl.Result{}, err
	}
	if result != controllerutil.OperationResultNone {
		r.events.Eventf(&boat, corev1.EventTypeNormal, "Crewed", "The deployment was %s", result)
	}
	return ctrl.Result{}, r.tellStatus(ctx, &boat, deployment)
}

func (r *reconciler) tellStatus(ctx context.Context, boat *Boat, deployment *appsv1.Deployment) error {
	before := boat.DeepCopyObject().(*Boat)
	boat.Status.OnBoard = deployment.Status.ReadyReplicas
	condition := metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: "Boarding", ObservedGeneration: boat.Generation}
	if deployment.Status.ReadyReplicas == boat.Spec.Crew {
		condition.Status, condition.Reason = metav1.ConditionTrue, "AllOnBoard"
	}
	meta.SetStatusCondition(&boat.Status.Conditions, condition)
	if fmt.Sprint(before.Status) == fmt.Sprint(boat.Status) {
		return nil
	}
	return client.IgnoreNotFound(r.Status().Patch(ctx, boat, client.MergeFrom(before)))
}

// What is left of a boat is a ConfigMap, made by a typed client without a cache.
func (r *reconciler) sayFarewell(ctx context.Context, boat *Boat) error {
	farewell := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "farewell-" + boat.Name}, Data: map[string]string{"crew": fmt.Sprint(boat.Spec.Crew)}}
	if _, err := r.clientset.CoreV1().ConfigMaps(boat.Namespace).Create(ctx, farewell, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	if controllerutil.RemoveFinalizer(boat, finalizer) {
		// What changed meanwhile is seen late: an earlier farewell may have been the last.
		return client.IgnoreNotFound(r.Update(ctx, boat))
	}
	return nil
}

func run() error {
	ctrl.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	addBoats(scheme)
	config := ctrl.GetConfigOrDie()
	lease, renew, retry := 3*time.Second, 2*time.Second, 500*time.Millisecond
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Metrics: server.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "boats.sea.example.com", LeaderElectionNamespace: "default",
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry,
	})
	if err != nil {
		return err
	}
	binary := rest.CopyConfig(config)
	binary.ContentType = "application/vnd.kubernetes.protobuf"
	binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf"
	clientset, err := kubernetes.NewForConfig(binary)
	if err != nil {
		return err
	}
	reconciler := &reconciler{Client: manager.GetClient(), events: manager.GetEventRecorderFor("boats"), clientset: clientset}
	if err := ctrl.NewControllerManagedBy(manager).For(&Boat{}).Owns(&appsv1.Deployment{}).Complete(reconciler); err != nil {
		return err
	}
	go func() {
		<-manager.Elected()
		fmt.Println("leading")
	}()
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
